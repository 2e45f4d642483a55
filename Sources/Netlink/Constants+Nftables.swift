internal import CLinux

/// `nft_table_attributes`.
public enum NFTATable {
  public static var name: UInt16 { UInt16(NFTA_TABLE_NAME.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_TABLE_FLAGS.rawValue) }
  public static var use: UInt16 { UInt16(NFTA_TABLE_USE.rawValue) }
  public static var handle: UInt16 { UInt16(NFTA_TABLE_HANDLE.rawValue) }
  public static var userdata: UInt16 { UInt16(NFTA_TABLE_USERDATA.rawValue) }
  public static var owner: UInt16 { UInt16(NFTA_TABLE_OWNER.rawValue) }
}

/// `nft_chain_attributes`.
public enum NFTAChain {
  public static var table: UInt16 { UInt16(NFTA_CHAIN_TABLE.rawValue) }
  public static var handle: UInt16 { UInt16(NFTA_CHAIN_HANDLE.rawValue) }
  public static var name: UInt16 { UInt16(NFTA_CHAIN_NAME.rawValue) }
  public static var hook: UInt16 { UInt16(NFTA_CHAIN_HOOK.rawValue) }
  public static var policy: UInt16 { UInt16(NFTA_CHAIN_POLICY.rawValue) }
  public static var use: UInt16 { UInt16(NFTA_CHAIN_USE.rawValue) }
  public static var type: UInt16 { UInt16(NFTA_CHAIN_TYPE.rawValue) }
  public static var counters: UInt16 { UInt16(NFTA_CHAIN_COUNTERS.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_CHAIN_FLAGS.rawValue) }
  public static var id: UInt16 { UInt16(NFTA_CHAIN_ID.rawValue) }
  public static var userdata: UInt16 { UInt16(NFTA_CHAIN_USERDATA.rawValue) }
}

/// `nft_hook_attributes`.
public enum NFTAHook {
  public static var hooknum: UInt16 { UInt16(NFTA_HOOK_HOOKNUM.rawValue) }
  public static var priority: UInt16 { UInt16(NFTA_HOOK_PRIORITY.rawValue) }
  public static var dev: UInt16 { UInt16(NFTA_HOOK_DEV.rawValue) }
  public static var devs: UInt16 { UInt16(NFTA_HOOK_DEVS.rawValue) }
}

/// `nft_rule_attributes`.
public enum NFTARule {
  public static var table: UInt16 { UInt16(NFTA_RULE_TABLE.rawValue) }
  public static var chain: UInt16 { UInt16(NFTA_RULE_CHAIN.rawValue) }
  public static var handle: UInt16 { UInt16(NFTA_RULE_HANDLE.rawValue) }
  public static var expressions: UInt16 { UInt16(NFTA_RULE_EXPRESSIONS.rawValue) }
  public static var compat: UInt16 { UInt16(NFTA_RULE_COMPAT.rawValue) }
  public static var position: UInt16 { UInt16(NFTA_RULE_POSITION.rawValue) }
  public static var userdata: UInt16 { UInt16(NFTA_RULE_USERDATA.rawValue) }
  public static var id: UInt16 { UInt16(NFTA_RULE_ID.rawValue) }
  public static var positionID: UInt16 { UInt16(NFTA_RULE_POSITION_ID.rawValue) }
  public static var chainID: UInt16 { UInt16(NFTA_RULE_CHAIN_ID.rawValue) }
}

/// `nft_set_attributes`.
public enum NFTASet {
  public static var table: UInt16 { UInt16(NFTA_SET_TABLE.rawValue) }
  public static var name: UInt16 { UInt16(NFTA_SET_NAME.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_SET_FLAGS.rawValue) }
  public static var keyType: UInt16 { UInt16(NFTA_SET_KEY_TYPE.rawValue) }
  public static var keyLen: UInt16 { UInt16(NFTA_SET_KEY_LEN.rawValue) }
  public static var dataType: UInt16 { UInt16(NFTA_SET_DATA_TYPE.rawValue) }
  public static var dataLen: UInt16 { UInt16(NFTA_SET_DATA_LEN.rawValue) }
  public static var policy: UInt16 { UInt16(NFTA_SET_POLICY.rawValue) }
  public static var desc: UInt16 { UInt16(NFTA_SET_DESC.rawValue) }
  public static var id: UInt16 { UInt16(NFTA_SET_ID.rawValue) }
  public static var timeout: UInt16 { UInt16(NFTA_SET_TIMEOUT.rawValue) }
  public static var gcInterval: UInt16 { UInt16(NFTA_SET_GC_INTERVAL.rawValue) }
  public static var userdata: UInt16 { UInt16(NFTA_SET_USERDATA.rawValue) }
  public static var objType: UInt16 { UInt16(NFTA_SET_OBJ_TYPE.rawValue) }
  public static var handle: UInt16 { UInt16(NFTA_SET_HANDLE.rawValue) }
  public static var expr: UInt16 { UInt16(NFTA_SET_EXPR.rawValue) }
  public static var expressions: UInt16 { UInt16(NFTA_SET_EXPRESSIONS.rawValue) }
  /// The number of elements. Linux 6.1 doesn't send it, and its headers lack it.
  public static var count: UInt16 { 20 }
}

/// `nft_set_desc_attributes`.
public enum NFTASetDescription {
  public static var size: UInt16 { UInt16(NFTA_SET_DESC_SIZE.rawValue) }
  public static var concat: UInt16 { UInt16(NFTA_SET_DESC_CONCAT.rawValue) }
}

/// `nft_set_field_attributes`.
public enum NFTASetField {
  public static var len: UInt16 { UInt16(NFTA_SET_FIELD_LEN.rawValue) }
}

/// `nft_set_elem_attributes`.
public enum NFTAElement {
  public static var key: UInt16 { UInt16(NFTA_SET_ELEM_KEY.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_SET_ELEM_DATA.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_SET_ELEM_FLAGS.rawValue) }
  public static var timeout: UInt16 { UInt16(NFTA_SET_ELEM_TIMEOUT.rawValue) }
  public static var expiration: UInt16 { UInt16(NFTA_SET_ELEM_EXPIRATION.rawValue) }
  public static var userdata: UInt16 { UInt16(NFTA_SET_ELEM_USERDATA.rawValue) }
  public static var expr: UInt16 { UInt16(NFTA_SET_ELEM_EXPR.rawValue) }
  public static var objref: UInt16 { UInt16(NFTA_SET_ELEM_OBJREF.rawValue) }
  public static var keyEnd: UInt16 { UInt16(NFTA_SET_ELEM_KEY_END.rawValue) }
  public static var expressions: UInt16 { UInt16(NFTA_SET_ELEM_EXPRESSIONS.rawValue) }
}

/// `nft_set_elem_list_attributes`.
public enum NFTAElementList {
  public static var table: UInt16 { UInt16(NFTA_SET_ELEM_LIST_TABLE.rawValue) }
  public static var `set`: UInt16 { UInt16(NFTA_SET_ELEM_LIST_SET.rawValue) }
  public static var elements: UInt16 { UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) }
  public static var setID: UInt16 { UInt16(NFTA_SET_ELEM_LIST_SET_ID.rawValue) }
}

/// `nft_list_attributes`.
public enum NFTAList {
  public static var elem: UInt16 { UInt16(NFTA_LIST_ELEM.rawValue) }
}

/// `nft_flowtable_attributes`.
public enum NFTAFlowtable {
  public static var table: UInt16 { UInt16(NFTA_FLOWTABLE_TABLE.rawValue) }
  public static var name: UInt16 { UInt16(NFTA_FLOWTABLE_NAME.rawValue) }
  public static var hook: UInt16 { UInt16(NFTA_FLOWTABLE_HOOK.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_FLOWTABLE_FLAGS.rawValue) }
}

/// `nft_flowtable_hook_attributes`.
public enum NFTAFlowtableHook {
  public static var number: UInt16 { UInt16(NFTA_FLOWTABLE_HOOK_NUM.rawValue) }
  public static var priority: UInt16 { UInt16(NFTA_FLOWTABLE_HOOK_PRIORITY.rawValue) }
  public static var devices: UInt16 { UInt16(NFTA_FLOWTABLE_HOOK_DEVS.rawValue) }
}

/// `nft_object_attributes`.
public enum NFTAObject {
  public static var table: UInt16 { UInt16(NFTA_OBJ_TABLE.rawValue) }
  public static var name: UInt16 { UInt16(NFTA_OBJ_NAME.rawValue) }
  public static var type: UInt16 { UInt16(NFTA_OBJ_TYPE.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_OBJ_DATA.rawValue) }
  public static var use: UInt16 { UInt16(NFTA_OBJ_USE.rawValue) }
  public static var handle: UInt16 { UInt16(NFTA_OBJ_HANDLE.rawValue) }
  public static var userdata: UInt16 { UInt16(NFTA_OBJ_USERDATA.rawValue) }
}

/// `nft_gen_attributes`.
public enum NFTAGeneration {
  public static var id: UInt16 { UInt16(NFTA_GEN_ID.rawValue) }
  public static var procPid: UInt16 { UInt16(NFTA_GEN_PROC_PID.rawValue) }
  public static var procName: UInt16 { UInt16(NFTA_GEN_PROC_NAME.rawValue) }
}

/// `nft_devices_attributes`.
public enum NFTADevice {
  public static var name: UInt16 { UInt16(NFTA_DEVICE_NAME.rawValue) }
}

/// `nft_data_attributes`.
public enum NFTAData {
  public static var value: UInt16 { UInt16(NFTA_DATA_VALUE.rawValue) }
  public static var verdict: UInt16 { UInt16(NFTA_DATA_VERDICT.rawValue) }
}

/// `nft_verdict_attributes`.
public enum NFTAVerdict {
  public static var code: UInt16 { UInt16(NFTA_VERDICT_CODE.rawValue) }
  public static var chain: UInt16 { UInt16(NFTA_VERDICT_CHAIN.rawValue) }
  public static var chainID: UInt16 { UInt16(NFTA_VERDICT_CHAIN_ID.rawValue) }
}

/// `nft_expr_attributes`.
public enum NFTAExpression {
  public static var name: UInt16 { UInt16(NFTA_EXPR_NAME.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_EXPR_DATA.rawValue) }
}
