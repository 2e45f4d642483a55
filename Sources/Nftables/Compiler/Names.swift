import Addressing

// Short names for the values that this module is about.
public typealias Instruction = Nftables.Bytecode.Instruction
public typealias Register = Nftables.Bytecode.Register
public typealias Comparison = Nftables.Bytecode.Comparison
public typealias PayloadRange = Nftables.Bytecode.PayloadRange
public typealias Checksum = Nftables.Bytecode.Checksum
public typealias OptionRange = Nftables.Bytecode.OptionRange
public typealias SetName = Nftables.Bytecode.SetName
public typealias Hash = Nftables.Bytecode.Hash
public typealias Dynset = Nftables.Bytecode.Dynset
public typealias Log = Nftables.Bytecode.Log
public typealias NAT = Nftables.Bytecode.NAT
public typealias SetProgram = Nftables.Bytecode.SetProgram
public typealias ElementBytes = Nftables.Bytecode.ElementBytes
public typealias ElementProgram = Nftables.Bytecode.ElementProgram
public typealias SetFlag = Nftables.Bytecode.SetFlag
public typealias ElementFlag = Nftables.Bytecode.ElementFlag
public typealias TableProgram = Nftables.Bytecode.TableProgram
public typealias ObjectProgram = Nftables.Bytecode.ObjectProgram
public typealias ChainProgram = Nftables.Bytecode.ChainProgram
public typealias RuleProgram = Nftables.Bytecode.RuleProgram
public typealias RulePrinter = Nftables.Bytecode.RulePrinter
public typealias UserData = Nftables.Bytecode.UserData
public typealias TimeoutPolicy = Nftables.Bytecode.TimeoutPolicy
