// Every kind is written with addresses: whoever imports the kinds has them.
@_exported public import Addressing
