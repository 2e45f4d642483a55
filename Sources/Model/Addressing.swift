// Every kind has addresses: whoever imports Model gets them too.
@_exported public import Addressing
