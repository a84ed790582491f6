// Generated from the BTF of bpf/abi.bpf.c by `npm run gen`. Do not edit.
import { cleared, getBigint, getEach, getNumber, getText, putBigint, putEach, putNumber, putText, viewOf } from './codec.js';
import type { Codec } from './codec.js';

/** Both sides of the contract must have been made from the same layout. */
export const RF_LAYOUT_HASH = '602a49e0d41084b2';

export const RfLimits = {
  RULES_MAX: 64,
  SLOTS_MAX: 48,
  PAGES_MAX: 8,
  DEPTHS_MAX: 8,
  SHAPES_MAX: 8,
  SHAPE_TOTAL: 4096,
  PATTERN_COMPS: 64,
  NAME_MAX: 255,
  DEPTH_MAX: 128,
  PROGRAM_MAX: 1024,
  TEXT_MAX: 4096,
  ARGS_MAX: 1024,
  LINEAGE_MAX: 8,
  HITS_MAX: 16,
  COMM_LEN: 16,
  INODE_NAMES: 4,
  CLASSES: 10,
  SESSIONS: 5,
  HANDLER_TEXT: 1960,
} as const;

export const RfHash = {
  SEED_HI: 608135816,
  SEED_LO: 2242054355,
  MUL_HI: 2654435769,
  MUL_LO: 2135587861,
} as const;

export const RfClass = {
  READ: 0,
  WRITE: 1,
  EXECUTE: 2,
  CREATE: 3,
  DELETE: 4,
  RENAME: 5,
  LINK: 6,
  ATTRIBUTES: 7,
  EXEC: 8,
  MAP: 9,
} as const;

export const RfSession = {
  MAIN: 0,
  EXEC: 1,
  PROBE: 2,
  LIFECYCLE: 3,
  HOST: 4,
} as const;

export const RfAction = {
  NONE: 0,
  AUDIT: 1,
  BLOCK: 2,
  KILL: 3,
} as const;

export const RfOrigin = {
  IMAGE: 1,
  UPPER_LAYER: 2,
  READ_ONLY_VOLUME: 4,
  WRITABLE_VOLUME: 8,
  ANONYMOUS: 16,
  UNKNOWN: 32,
  ALL: 63,
} as const;

export const RfTable = {
  EXACT: 0,
  SUBTREE: 1,
  BASENAME: 2,
  ANCESTOR: 3,
  ANY: 4,
  SHAPE: 16,
} as const;

export const RfItemKind = {
  ITEM_RULE: 0,
  ITEM_EXCEPT_OBJECT: 1,
  ITEM_EXCEPT_PROGRAM: 2,
  ITEM_SELECT: 3,
  ITEM_IDENTITY: 4,
  ITEM_NAMED: 5,
} as const;

export const RfItemFlag = {
  ITEM_BY_INODE: 1,
  ITEM_GIVEN_NAME: 2,
  ITEM_DEEP: 4,
} as const;

export const RfAnchor = {
  START: 0,
  END: 1,
  FLOAT: 2,
} as const;

export const RfWorkloadFlag = {
  WORKLOAD_PROTECTED: 1,
  WORKLOAD_HOST: 2,
  WORKLOAD_CONTAINER: 4,
  WORKLOAD_UNNAMED: 8,
  WORKLOAD_SANDBOX: 16,
  WORKLOAD_STATIC_POD: 32,
} as const;

export const RfNodeMode = {
  MODE_ENFORCE: 0,
  MODE_MONITOR: 1,
} as const;

export const RfStat = {
  RING_FULL: 0,
  RATE_LIMITED: 1,
  COUNTER_FULL: 2,
  KILL_FAILED: 3,
  PROTECTED: 4,
  STORAGE_FAILED: 5,
  NO_SCRATCH: 6,
  PATH_CUT: 7,
  PATH_UNRESOLVED: 8,
  WALK_RETRIED: 9,
  WALK_UNSTABLE: 10,
  INODE_FULL: 11,
  NO_WORKLOAD: 12,
  NO_RULESET: 13,
  CACHE_MISS: 14,
  BOUND: 15,
  TEMPLATE_MISS: 16,
  READ_FAILED: 17,
  HELD: 18,
  SETUP: 19,
  SANDBOX: 20,
  POD_UNKNOWN: 21,
  HANDLER_UNREAD: 22,
  COUNT: 23,
} as const;

export const RfEventKind = {
  EVENT_VIOLATION: 1,
  EVENT_CGROUP: 2,
  EVENT_CGROUP_GONE: 3,
  EVENT_MOVED: 4,
  EVENT_STARTED: 5,
  EVENT_HELD: 6,
} as const;

export const RfHook = {
  NONE: 0,
  EXEC: 1,
  MAP: 2,
  OPEN: 3,
  RECEIVE: 4,
  TRUNCATE: 5,
  CREATE: 6,
  UNLINK: 7,
  RENAME: 8,
  LINK: 9,
  ATTRIBUTES: 10,
  MOUNT: 11,
} as const;

export const RfEventFlag = {
  EVENT_UNRESOLVED: 1,
  EVENT_MAIN_PROCESS: 2,
  EVENT_PROTECTED: 4,
  EVENT_NODE_MONITOR: 8,
  EVENT_BY_INODE: 16,
  EVENT_GIVEN_NAME: 32,
  EVENT_ARGS_CUT: 64,
  EVENT_PATH_CUT: 128,
  EVENT_KILL_FAILED: 256,
  EVENT_CANNOT_DENY: 512,
  EVENT_CONTAINER: 1024,
  EVENT_ENDS_SETUP: 2048,
} as const;

export const RfMiss = {
  NONE: 0,
  DETACHED: 1,
  DEEP: 2,
  UNSTABLE: 3,
  READ: 4,
  NO_MOUNT: 5,
  NAMELESS: 6,
} as const;

export interface RfItem {
  /** rule or exception slot */
  index: number;
  /** enum rf_item_kind */
  kind: number;
  /** bits of enum rf_origin that the object must have one of */
  origins: number;
  /** enum rf_item_flag */
  flags: number;
  /** mask of rf_class; for selectors the selector id */
  classes: number;
}

/** Byte offsets of the fields of RfItem, for code that reads only a few. */
export const RfItemOffset = { index: 0, kind: 1, origins: 2, flags: 3, classes: 4 } as const;

export const RfItemCodec: Codec<RfItem> = {
  size: 8,
  encode(v: RfItem, into = new Uint8Array(8), at = 0): Uint8Array {
    const d = cleared(into, at, 8);
    putNumber(d, 0, 8, v.index);
    putNumber(d, 1, 8, v.kind);
    putNumber(d, 2, 8, v.origins);
    putNumber(d, 3, 8, v.flags);
    putNumber(d, 4, 32, v.classes);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfItem {
    const d = viewOf(b, at, 8);
    return {
      index: getNumber(d, 0, 8),
      kind: getNumber(d, 1, 8),
      origins: getNumber(d, 2, 8),
      flags: getNumber(d, 3, 8),
      classes: getNumber(d, 4, 32),
    };
  },
};

export interface RfObjectKey {
  /** ruleset id */
  ruleset: number;
  /** enum rf_table, or RF_TABLE_SHAPE + shape */
  table: number;
  /** see enum rf_table */
  hash: bigint;
}

/** Byte offsets of the fields of RfObjectKey, for code that reads only a few. */
export const RfObjectKeyOffset = { ruleset: 0, table: 4, hash: 8 } as const;

export const RfObjectKeyCodec: Codec<RfObjectKey> = {
  size: 16,
  encode(v: RfObjectKey, into = new Uint8Array(16), at = 0): Uint8Array {
    const d = cleared(into, at, 16);
    putNumber(d, 0, 32, v.ruleset);
    putNumber(d, 4, 32, v.table);
    putBigint(d, 8, v.hash);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfObjectKey {
    const d = viewOf(b, at, 16);
    return {
      ruleset: getNumber(d, 0, 32),
      table: getNumber(d, 4, 32),
      hash: getBigint(d, 8),
    };
  },
};

export interface RfObject {
  /** index of the pattern's first word in pattern_words */
  words: number;
  /** words of the pattern; 0 only in RF_TABLE_ANY and for the root */
  wordCount: number;
  /** further items in pattern_items */
  moreCount: number;
  /** index of the first of them */
  more: number;
  /** the first item */
  first: RfItem;
}

/** Byte offsets of the fields of RfObject, for code that reads only a few. */
export const RfObjectOffset = { words: 0, wordCount: 4, moreCount: 6, more: 8, first: 16 } as const;

export const RfObjectCodec: Codec<RfObject> = {
  size: 24,
  encode(v: RfObject, into = new Uint8Array(24), at = 0): Uint8Array {
    const d = cleared(into, at, 24);
    putNumber(d, 0, 32, v.words);
    putNumber(d, 4, 16, v.wordCount);
    putNumber(d, 6, 16, v.moreCount);
    putNumber(d, 8, 32, v.more);
    RfItemCodec.encode(v.first, into, at + 16);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfObject {
    const d = viewOf(b, at, 24);
    return {
      words: getNumber(d, 0, 32),
      wordCount: getNumber(d, 4, 16),
      moreCount: getNumber(d, 6, 16),
      more: getNumber(d, 8, 32),
      first: RfItemCodec.decode(b, at + 16),
    };
  },
};

export interface RfShapeComp {
  /** bytes before the star; 255: the component is literal */
  prefixLen: number;
  /** bytes after the star */
  suffixLen: number;
}

/** Byte offsets of the fields of RfShapeComp, for code that reads only a few. */
export const RfShapeCompOffset = { prefixLen: 0, suffixLen: 1 } as const;

export const RfShapeCompCodec: Codec<RfShapeComp> = {
  size: 2,
  encode(v: RfShapeComp, into = new Uint8Array(2), at = 0): Uint8Array {
    const d = cleared(into, at, 2);
    putNumber(d, 0, 8, v.prefixLen);
    putNumber(d, 1, 8, v.suffixLen);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfShapeComp {
    const d = viewOf(b, at, 2);
    return {
      prefixLen: getNumber(d, 0, 8),
      suffixLen: getNumber(d, 1, 8),
    };
  },
};

export interface RfShape {
  /** enum rf_anchor */
  anchor: number;
  /** 1: with RF_ANCHOR_START, everything below too */
  subtree: number;
  /** components */
  compCount: number;
  /** from first to last; RF_PATTERN_COMPS */
  comps: RfShapeComp[];
}

/** Byte offsets of the fields of RfShape, for code that reads only a few. */
export const RfShapeOffset = { anchor: 0, subtree: 1, compCount: 2, comps: 4 } as const;

export const RfShapeCodec: Codec<RfShape> = {
  size: 132,
  encode(v: RfShape, into = new Uint8Array(132), at = 0): Uint8Array {
    const d = cleared(into, at, 132);
    putNumber(d, 0, 8, v.anchor);
    putNumber(d, 1, 8, v.subtree);
    putNumber(d, 2, 8, v.compCount);
    putEach(v.comps, 64, (x, i) => void RfShapeCompCodec.encode(x, into, at + 4 + i * 2));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfShape {
    const d = viewOf(b, at, 132);
    return {
      anchor: getNumber(d, 0, 8),
      subtree: getNumber(d, 1, 8),
      compCount: getNumber(d, 2, 8),
      comps: getEach(64, (i) => RfShapeCompCodec.decode(b, at + 4 + i * 2)),
    };
  },
};

export interface RfRule {
  /** the rule's number on this node, kept through edits; names its counters */
  key: number;
  /** enum rf_action */
  action: number;
  /** for the main process of a container */
  mainAction: number;
  /** when the object cannot be resolved */
  unresolved: number;
  /** the action the policy asks for, whatever the mode */
  asked: number;
}

/** Byte offsets of the fields of RfRule, for code that reads only a few. */
export const RfRuleOffset = { key: 0, action: 4, mainAction: 5, unresolved: 6, asked: 7 } as const;

export const RfRuleCodec: Codec<RfRule> = {
  size: 8,
  encode(v: RfRule, into = new Uint8Array(8), at = 0): Uint8Array {
    const d = cleared(into, at, 8);
    putNumber(d, 0, 32, v.key);
    putNumber(d, 4, 8, v.action);
    putNumber(d, 5, 8, v.mainAction);
    putNumber(d, 6, 8, v.unresolved);
    putNumber(d, 7, 8, v.asked);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfRule {
    const d = viewOf(b, at, 8);
    return {
      key: getNumber(d, 0, 32),
      action: getNumber(d, 4, 8),
      mainAction: getNumber(d, 5, 8),
      unresolved: getNumber(d, 6, 8),
      asked: getNumber(d, 7, 8),
    };
  },
};

export interface RfRuleset {
  /** by rf_class: allow rules that govern it */
  allow: bigint[];
  /** by rf_class: rules with a pattern for it, whatever the origin; Unknown when the object has no resolved name */
  denyNamed: bigint[];
  /** by rf_class: of these with one that is not of fixed depth; Unknown when the path is cut */
  deep: bigint[];
  /** deny rules covering Link: violated by changes of the mount tree */
  denyLink: bigint;
  /** by rf_session: rules in force */
  sessions: bigint[];
  /** by rf_session: exception slots that can hold */
  slotSessions: bigint[];
  /** slots with binaries */
  slotNeedsProgram: bigint;
  /** slots with paths */
  slotNeedsObject: bigint;
  /** bit hash & 63 of every entry in RF_TABLE_EXACT: a clear bit saves the lookup */
  exactFilter: bigint;
  /** the same for RF_TABLE_BASENAME */
  basenameFilter: bigint;
  /** rule that each slot excepts; RF_SLOTS_MAX */
  slotRule: Uint8Array;
  /** the rules */
  rules: RfRule[];
  /** mask of rf_class that any rule governs */
  classes: number;
  /** shape ids */
  shapes: number[];
  /** rules used */
  ruleCount: number;
  /** slots used */
  slotCount: number;
  /** depths used */
  depthCount: number;
  /** shapes used */
  shapeCount: number;
  /** RF_TABLE_ANY has an entry */
  hasAny: number;
  /** RF_TABLE_ANCESTOR has entries */
  hasAncestor: number;
  /** an item has RF_ITEM_BY_INODE */
  hasInode: number;
  /** an item has RF_ITEM_GIVEN_NAME */
  hasGivenName: number;
  /** the depths, rising */
  depths: Uint8Array;
}

/** Byte offsets of the fields of RfRuleset, for code that reads only a few. */
export const RfRulesetOffset = { allow: 0, denyNamed: 80, deep: 160, denyLink: 240, sessions: 248, slotSessions: 288, slotNeedsProgram: 328, slotNeedsObject: 336, exactFilter: 344, basenameFilter: 352, slotRule: 360, rules: 408, classes: 920, shapes: 924, ruleCount: 940, slotCount: 941, depthCount: 942, shapeCount: 943, hasAny: 944, hasAncestor: 945, hasInode: 946, hasGivenName: 947, depths: 948 } as const;

export const RfRulesetCodec: Codec<RfRuleset> = {
  size: 960,
  encode(v: RfRuleset, into = new Uint8Array(960), at = 0): Uint8Array {
    const d = cleared(into, at, 960);
    putEach(v.allow, 10, (x, i) => putBigint(d, 0 + i * 8, x));
    putEach(v.denyNamed, 10, (x, i) => putBigint(d, 80 + i * 8, x));
    putEach(v.deep, 10, (x, i) => putBigint(d, 160 + i * 8, x));
    putBigint(d, 240, v.denyLink);
    putEach(v.sessions, 5, (x, i) => putBigint(d, 248 + i * 8, x));
    putEach(v.slotSessions, 5, (x, i) => putBigint(d, 288 + i * 8, x));
    putBigint(d, 328, v.slotNeedsProgram);
    putBigint(d, 336, v.slotNeedsObject);
    putBigint(d, 344, v.exactFilter);
    putBigint(d, 352, v.basenameFilter);
    putEach(v.slotRule, 48, (x, i) => putNumber(d, 360 + i * 1, 8, x));
    putEach(v.rules, 64, (x, i) => void RfRuleCodec.encode(x, into, at + 408 + i * 8));
    putNumber(d, 920, 32, v.classes);
    putEach(v.shapes, 8, (x, i) => putNumber(d, 924 + i * 2, 16, x));
    putNumber(d, 940, 8, v.ruleCount);
    putNumber(d, 941, 8, v.slotCount);
    putNumber(d, 942, 8, v.depthCount);
    putNumber(d, 943, 8, v.shapeCount);
    putNumber(d, 944, 8, v.hasAny);
    putNumber(d, 945, 8, v.hasAncestor);
    putNumber(d, 946, 8, v.hasInode);
    putNumber(d, 947, 8, v.hasGivenName);
    putEach(v.depths, 8, (x, i) => putNumber(d, 948 + i * 1, 8, x));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfRuleset {
    const d = viewOf(b, at, 960);
    return {
      allow: getEach(10, (i) => getBigint(d, 0 + i * 8)),
      denyNamed: getEach(10, (i) => getBigint(d, 80 + i * 8)),
      deep: getEach(10, (i) => getBigint(d, 160 + i * 8)),
      denyLink: getBigint(d, 240),
      sessions: getEach(5, (i) => getBigint(d, 248 + i * 8)),
      slotSessions: getEach(5, (i) => getBigint(d, 288 + i * 8)),
      slotNeedsProgram: getBigint(d, 328),
      slotNeedsObject: getBigint(d, 336),
      exactFilter: getBigint(d, 344),
      basenameFilter: getBigint(d, 352),
      slotRule: b.slice(at + 360, at + 408),
      rules: getEach(64, (i) => RfRuleCodec.decode(b, at + 408 + i * 8)),
      classes: getNumber(d, 920, 32),
      shapes: getEach(8, (i) => getNumber(d, 924 + i * 2, 16)),
      ruleCount: getNumber(d, 940, 8),
      slotCount: getNumber(d, 941, 8),
      depthCount: getNumber(d, 942, 8),
      shapeCount: getNumber(d, 943, 8),
      hasAny: getNumber(d, 944, 8),
      hasAncestor: getNumber(d, 945, 8),
      hasInode: getNumber(d, 946, 8),
      hasGivenName: getNumber(d, 947, 8),
      depths: b.slice(at + 948, at + 956),
    };
  },
};

export interface RfWorkload {
  /** cgroup id of the workload that tasks of this cgroup belong to: itself or an ancestor */
  owner: bigint;
  /** number of this set of pages on the node, never reused; part of a cached verdict's key */
  generation: number;
  /** enum rf_workload_flag */
  flags: number;
  /** mask of rf_class governed by any page */
  classes: number;
  /** pages used; 0: not selected */
  pageCount: number;
  /** ruleset ids */
  pages: number[];
}

/** Byte offsets of the fields of RfWorkload, for code that reads only a few. */
export const RfWorkloadOffset = { owner: 0, generation: 8, flags: 12, classes: 16, pageCount: 20, pages: 24 } as const;

export const RfWorkloadCodec: Codec<RfWorkload> = {
  size: 56,
  encode(v: RfWorkload, into = new Uint8Array(56), at = 0): Uint8Array {
    const d = cleared(into, at, 56);
    putBigint(d, 0, v.owner);
    putNumber(d, 8, 32, v.generation);
    putNumber(d, 12, 32, v.flags);
    putNumber(d, 16, 32, v.classes);
    putNumber(d, 20, 32, v.pageCount);
    putEach(v.pages, 8, (x, i) => putNumber(d, 24 + i * 4, 32, x));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfWorkload {
    const d = viewOf(b, at, 56);
    return {
      owner: getBigint(d, 0),
      generation: getNumber(d, 8, 32),
      flags: getNumber(d, 12, 32),
      classes: getNumber(d, 16, 32),
      pageCount: getNumber(d, 20, 32),
      pages: getEach(8, (i) => getNumber(d, 24 + i * 4, 32)),
    };
  },
};

export interface RfPodKey {
  /** digits 1 to 16 */
  hi: bigint;
  /** digits 17 to 32 */
  lo: bigint;
}

/** Byte offsets of the fields of RfPodKey, for code that reads only a few. */
export const RfPodKeyOffset = { hi: 0, lo: 8 } as const;

export const RfPodKeyCodec: Codec<RfPodKey> = {
  size: 16,
  encode(v: RfPodKey, into = new Uint8Array(16), at = 0): Uint8Array {
    const d = cleared(into, at, 16);
    putBigint(d, 0, v.hi);
    putBigint(d, 8, v.lo);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfPodKey {
    const d = viewOf(b, at, 16);
    return {
      hi: getBigint(d, 0),
      lo: getBigint(d, 8),
    };
  },
};

export interface RfHandlerKey {
  /** cgroup id of the container */
  workload: bigint;
  /** of rf_handler.text, as of a text in enum rf_table */
  hash: bigint;
}

/** Byte offsets of the fields of RfHandlerKey, for code that reads only a few. */
export const RfHandlerKeyOffset = { workload: 0, hash: 8 } as const;

export const RfHandlerKeyCodec: Codec<RfHandlerKey> = {
  size: 16,
  encode(v: RfHandlerKey, into = new Uint8Array(16), at = 0): Uint8Array {
    const d = cleared(into, at, 16);
    putBigint(d, 0, v.workload);
    putBigint(d, 8, v.hash);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfHandlerKey {
    const d = viewOf(b, at, 16);
    return {
      workload: getBigint(d, 0),
      hash: getBigint(d, 8),
    };
  },
};

export interface RfHandler {
  /** bytes used of text */
  len: number;
  /** RF_SESSION_PROBE or RF_SESSION_LIFECYCLE */
  session: number;
  /** the arguments, each with its NUL; zeros after them; RF_HANDLER_TEXT */
  text: Uint8Array;
}

/** Byte offsets of the fields of RfHandler, for code that reads only a few. */
export const RfHandlerOffset = { len: 0, session: 4, text: 8 } as const;

export const RfHandlerCodec: Codec<RfHandler> = {
  size: 1968,
  encode(v: RfHandler, into = new Uint8Array(1968), at = 0): Uint8Array {
    const d = cleared(into, at, 1968);
    putNumber(d, 0, 32, v.len);
    putNumber(d, 4, 8, v.session);
    putEach(v.text, 1960, (x, i) => putNumber(d, 8 + i * 1, 8, x));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfHandler {
    const d = viewOf(b, at, 1968);
    return {
      len: getNumber(d, 0, 32),
      session: getNumber(d, 4, 8),
      text: b.slice(at + 8, at + 1968),
    };
  },
};

export interface RfTemplateKey {
  /** cgroup ruleset that the selectors were matched with */
  ruleset: number;
  /** sum over matched selector ids of (id * RF_HASH_MUL) ^ (id * RF_HASH_MUL >> 32) */
  combination: bigint;
}

/** Byte offsets of the fields of RfTemplateKey, for code that reads only a few. */
export const RfTemplateKeyOffset = { ruleset: 0, combination: 8 } as const;

export const RfTemplateKeyCodec: Codec<RfTemplateKey> = {
  size: 16,
  encode(v: RfTemplateKey, into = new Uint8Array(16), at = 0): Uint8Array {
    const d = cleared(into, at, 16);
    putNumber(d, 0, 32, v.ruleset);
    putBigint(d, 8, v.combination);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfTemplateKey {
    const d = viewOf(b, at, 16);
    return {
      ruleset: getNumber(d, 0, 32),
      combination: getBigint(d, 8),
    };
  },
};

export interface RfNode {
  /** enum rf_node_mode */
  mode: number;
  /** ruleset that names of new cgroups are matched with; 0: none */
  cgroupRuleset: number;
  /** grows after every change of workloads or switches and when an inode learns a name; part of a cached verdict's key */
  epoch: bigint;
  /** when not 0 only tasks below this cgroup can become subjects */
  scopeCgroup: bigint;
  /** never judged */
  agentTgid: number;
  /** bytes from an overlay inode's struct inode to its upper dentry pointer, plus 1; 0: unknown */
  ovlUpperOff: number;
  /** detailed events a second for each rule and workload; 0: no limit */
  eventRate: number;
  /** detailed events a second for the node; 0: no limit */
  eventBurst: number;
  /** boot time in ns at which RF_MODE_MONITOR ends by itself; 0: never */
  pauseUntilNs: bigint;
  /** boot time at which the agent started, hundredths of a second: its number may be another process's after it was killed */
  agentStartCs: bigint;
  /** 1: verdicts are not cached; for measurements */
  noCache: number;
  /** 1: the entrypoint of a container with RF_WORKLOAD_UNNAMED is denied until the flag is gone */
  hold: number;
  /** boot time in ns at which hold lapses; the agent renews it */
  leaseUntilNs: bigint;
}

/** Byte offsets of the fields of RfNode, for code that reads only a few. */
export const RfNodeOffset = { mode: 0, cgroupRuleset: 4, epoch: 8, scopeCgroup: 16, agentTgid: 24, ovlUpperOff: 28, eventRate: 32, eventBurst: 36, pauseUntilNs: 40, agentStartCs: 48, noCache: 56, hold: 60, leaseUntilNs: 64 } as const;

export const RfNodeCodec: Codec<RfNode> = {
  size: 72,
  encode(v: RfNode, into = new Uint8Array(72), at = 0): Uint8Array {
    const d = cleared(into, at, 72);
    putNumber(d, 0, 32, v.mode);
    putNumber(d, 4, 32, v.cgroupRuleset);
    putBigint(d, 8, v.epoch);
    putBigint(d, 16, v.scopeCgroup);
    putNumber(d, 24, 32, v.agentTgid);
    putNumber(d, 28, 32, v.ovlUpperOff);
    putNumber(d, 32, 32, v.eventRate);
    putNumber(d, 36, 32, v.eventBurst);
    putBigint(d, 40, v.pauseUntilNs);
    putBigint(d, 48, v.agentStartCs);
    putNumber(d, 56, 32, v.noCache);
    putNumber(d, 60, 32, v.hold);
    putBigint(d, 64, v.leaseUntilNs);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfNode {
    const d = viewOf(b, at, 72);
    return {
      mode: getNumber(d, 0, 32),
      cgroupRuleset: getNumber(d, 4, 32),
      epoch: getBigint(d, 8),
      scopeCgroup: getBigint(d, 16),
      agentTgid: getNumber(d, 24, 32),
      ovlUpperOff: getNumber(d, 28, 32),
      eventRate: getNumber(d, 32, 32),
      eventBurst: getNumber(d, 36, 32),
      pauseUntilNs: getBigint(d, 40),
      agentStartCs: getBigint(d, 48),
      noCache: getNumber(d, 56, 32),
      hold: getNumber(d, 60, 32),
      leaseUntilNs: getBigint(d, 64),
    };
  },
};

export interface RfCounterKey {
  /** rf_rule.key */
  rule: number;
  /** cgroup id */
  workload: bigint;
}

/** Byte offsets of the fields of RfCounterKey, for code that reads only a few. */
export const RfCounterKeyOffset = { rule: 0, workload: 8 } as const;

export const RfCounterKeyCodec: Codec<RfCounterKey> = {
  size: 16,
  encode(v: RfCounterKey, into = new Uint8Array(16), at = 0): Uint8Array {
    const d = cleared(into, at, 16);
    putNumber(d, 0, 32, v.rule);
    putBigint(d, 8, v.workload);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfCounterKey {
    const d = viewOf(b, at, 16);
    return {
      rule: getNumber(d, 0, 32),
      workload: getBigint(d, 8),
    };
  },
};

export interface RfCounter {
  /** violations */
  total: bigint;
  /** of these denied and killed, or killed */
  killed: bigint;
  /** of these denied only */
  blocked: bigint;
  /** of these reported only */
  audited: bigint;
  /** of these because the object could not be resolved */
  unresolved: bigint;
  /** boot time of the first, ns */
  firstNs: bigint;
  /** boot time of the last, ns */
  lastNs: bigint;
  /** start of the second that window_sent counts */
  windowNs: bigint;
  /** detailed events in it */
  windowSent: bigint;
}

/** Byte offsets of the fields of RfCounter, for code that reads only a few. */
export const RfCounterOffset = { total: 0, killed: 8, blocked: 16, audited: 24, unresolved: 32, firstNs: 40, lastNs: 48, windowNs: 56, windowSent: 64 } as const;

export const RfCounterCodec: Codec<RfCounter> = {
  size: 72,
  encode(v: RfCounter, into = new Uint8Array(72), at = 0): Uint8Array {
    const d = cleared(into, at, 72);
    putBigint(d, 0, v.total);
    putBigint(d, 8, v.killed);
    putBigint(d, 16, v.blocked);
    putBigint(d, 24, v.audited);
    putBigint(d, 32, v.unresolved);
    putBigint(d, 40, v.firstNs);
    putBigint(d, 48, v.lastNs);
    putBigint(d, 56, v.windowNs);
    putBigint(d, 64, v.windowSent);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfCounter {
    const d = viewOf(b, at, 72);
    return {
      total: getBigint(d, 0),
      killed: getBigint(d, 8),
      blocked: getBigint(d, 16),
      audited: getBigint(d, 24),
      unresolved: getBigint(d, 32),
      firstNs: getBigint(d, 40),
      lastNs: getBigint(d, 48),
      windowNs: getBigint(d, 56),
      windowSent: getBigint(d, 64),
    };
  },
};

export interface RfAncestor {
  /** boot time at which it started, ns */
  startNs: bigint;
  /** key in programs; 0: unknown */
  program: bigint;
  /** process id in the root pid namespace */
  pid: number;
  /** name of its leader; RF_COMM_LEN */
  comm: string;
}

/** Byte offsets of the fields of RfAncestor, for code that reads only a few. */
export const RfAncestorOffset = { startNs: 0, program: 8, pid: 16, comm: 24 } as const;

export const RfAncestorCodec: Codec<RfAncestor> = {
  size: 40,
  encode(v: RfAncestor, into = new Uint8Array(40), at = 0): Uint8Array {
    const d = cleared(into, at, 40);
    putBigint(d, 0, v.startNs);
    putBigint(d, 8, v.program);
    putNumber(d, 16, 32, v.pid);
    putText(d, 24, 16, v.comm);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfAncestor {
    const d = viewOf(b, at, 40);
    return {
      startNs: getBigint(d, 0),
      program: getBigint(d, 8),
      pid: getNumber(d, 16, 32),
      comm: getText(d, 24, 16),
    };
  },
};

export interface RfHit {
  /** rf_rule.key */
  rule: number;
  /** action taken for it, enum rf_action */
  action: number;
  /** action its policy asks for */
  asked: number;
  /** 1: decided by the posture */
  unresolved: number;
}

/** Byte offsets of the fields of RfHit, for code that reads only a few. */
export const RfHitOffset = { rule: 0, action: 4, asked: 5, unresolved: 6 } as const;

export const RfHitCodec: Codec<RfHit> = {
  size: 8,
  encode(v: RfHit, into = new Uint8Array(8), at = 0): Uint8Array {
    const d = cleared(into, at, 8);
    putNumber(d, 0, 32, v.rule);
    putNumber(d, 4, 8, v.action);
    putNumber(d, 5, 8, v.asked);
    putNumber(d, 6, 8, v.unresolved);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfHit {
    const d = viewOf(b, at, 8);
    return {
      rule: getNumber(d, 0, 32),
      action: getNumber(d, 4, 8),
      asked: getNumber(d, 5, 8),
      unresolved: getNumber(d, 6, 8),
    };
  },
};

export interface RfEvent {
  /** boot time, ns */
  timeNs: bigint;
  /** cgroup id of the workload; for cgroup events of the cgroup */
  workload: bigint;
  /** cgroup id of the task now */
  cgroup: bigint;
  /** boot time at which the process started, ns */
  startNs: bigint;
  /** inode number of the object */
  ino: bigint;
  /** key of the program in programs */
  programHash: bigint;
  /** bytes of the whole record */
  size: number;
  /** enum rf_event_kind */
  kind: number;
  /** enum rf_hook */
  hook: number;
  /** enum rf_event_flag */
  flags: number;
  /** mask of rf_class of the operation */
  classes: number;
  /** process id, root pid namespace */
  pid: number;
  /** thread id */
  tid: number;
  /** process id of the parent now */
  parentPid: number;
  /** real user id, initial user namespace */
  uid: number;
  /** real group id */
  gid: number;
  /** s_dev of the object */
  dev: number;
  /** i_generation of the object */
  inoGeneration: number;
  /** enum rf_action: what the kernel did */
  verdict: number;
  /** enum rf_session */
  session: number;
  /** one bit of enum rf_origin */
  origin: number;
  /** enum rf_miss */
  miss: number;
  /** bytes */
  textLen: number;
  /** bytes */
  text2Len: number;
  /** bytes */
  programLen: number;
  /** bytes */
  argsLen: number;
  /** rules violated */
  hitsTotal: number;
  /** of these listed */
  hitCount: number;
  /** ancestors listed */
  lineageCount: number;
  /** one bit of enum rf_origin: where the program came from */
  programOrigin: number;
  /** name of the thread; RF_COMM_LEN */
  comm: string;
  /** RF_HITS_MAX */
  hits: RfHit[];
  /** RF_LINEAGE_MAX */
  lineage: RfAncestor[];
}

/** Byte offsets of the fields of RfEvent, for code that reads only a few. */
export const RfEventOffset = { timeNs: 0, workload: 8, cgroup: 16, startNs: 24, ino: 32, programHash: 40, size: 48, kind: 52, hook: 54, flags: 56, classes: 60, pid: 64, tid: 68, parentPid: 72, uid: 76, gid: 80, dev: 84, inoGeneration: 88, verdict: 92, session: 93, origin: 94, miss: 95, textLen: 96, text2Len: 98, programLen: 100, argsLen: 102, hitsTotal: 104, hitCount: 106, lineageCount: 107, programOrigin: 108, comm: 112, hits: 128, lineage: 256 } as const;

export const RfEventCodec: Codec<RfEvent> = {
  size: 576,
  encode(v: RfEvent, into = new Uint8Array(576), at = 0): Uint8Array {
    const d = cleared(into, at, 576);
    putBigint(d, 0, v.timeNs);
    putBigint(d, 8, v.workload);
    putBigint(d, 16, v.cgroup);
    putBigint(d, 24, v.startNs);
    putBigint(d, 32, v.ino);
    putBigint(d, 40, v.programHash);
    putNumber(d, 48, 32, v.size);
    putNumber(d, 52, 16, v.kind);
    putNumber(d, 54, 16, v.hook);
    putNumber(d, 56, 32, v.flags);
    putNumber(d, 60, 32, v.classes);
    putNumber(d, 64, 32, v.pid);
    putNumber(d, 68, 32, v.tid);
    putNumber(d, 72, 32, v.parentPid);
    putNumber(d, 76, 32, v.uid);
    putNumber(d, 80, 32, v.gid);
    putNumber(d, 84, 32, v.dev);
    putNumber(d, 88, 32, v.inoGeneration);
    putNumber(d, 92, 8, v.verdict);
    putNumber(d, 93, 8, v.session);
    putNumber(d, 94, 8, v.origin);
    putNumber(d, 95, 8, v.miss);
    putNumber(d, 96, 16, v.textLen);
    putNumber(d, 98, 16, v.text2Len);
    putNumber(d, 100, 16, v.programLen);
    putNumber(d, 102, 16, v.argsLen);
    putNumber(d, 104, 16, v.hitsTotal);
    putNumber(d, 106, 8, v.hitCount);
    putNumber(d, 107, 8, v.lineageCount);
    putNumber(d, 108, 32, v.programOrigin);
    putText(d, 112, 16, v.comm);
    putEach(v.hits, 16, (x, i) => void RfHitCodec.encode(x, into, at + 128 + i * 8));
    putEach(v.lineage, 8, (x, i) => void RfAncestorCodec.encode(x, into, at + 256 + i * 40));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfEvent {
    const d = viewOf(b, at, 576);
    return {
      timeNs: getBigint(d, 0),
      workload: getBigint(d, 8),
      cgroup: getBigint(d, 16),
      startNs: getBigint(d, 24),
      ino: getBigint(d, 32),
      programHash: getBigint(d, 40),
      size: getNumber(d, 48, 32),
      kind: getNumber(d, 52, 16),
      hook: getNumber(d, 54, 16),
      flags: getNumber(d, 56, 32),
      classes: getNumber(d, 60, 32),
      pid: getNumber(d, 64, 32),
      tid: getNumber(d, 68, 32),
      parentPid: getNumber(d, 72, 32),
      uid: getNumber(d, 76, 32),
      gid: getNumber(d, 80, 32),
      dev: getNumber(d, 84, 32),
      inoGeneration: getNumber(d, 88, 32),
      verdict: getNumber(d, 92, 8),
      session: getNumber(d, 93, 8),
      origin: getNumber(d, 94, 8),
      miss: getNumber(d, 95, 8),
      textLen: getNumber(d, 96, 16),
      text2Len: getNumber(d, 98, 16),
      programLen: getNumber(d, 100, 16),
      argsLen: getNumber(d, 102, 16),
      hitsTotal: getNumber(d, 104, 16),
      hitCount: getNumber(d, 106, 8),
      lineageCount: getNumber(d, 107, 8),
      programOrigin: getNumber(d, 108, 32),
      comm: getText(d, 112, 16),
      hits: getEach(16, (i) => RfHitCodec.decode(b, at + 128 + i * 8)),
      lineage: getEach(8, (i) => RfAncestorCodec.decode(b, at + 256 + i * 40)),
    };
  },
};

export interface RfInodeKey {
  /** ruleset id */
  ruleset: number;
  /** s_dev */
  dev: number;
  /** inode number */
  ino: bigint;
  /** i_generation, so that a reused number is no hit */
  generation: number;
}

/** Byte offsets of the fields of RfInodeKey, for code that reads only a few. */
export const RfInodeKeyOffset = { ruleset: 0, dev: 4, ino: 8, generation: 16 } as const;

export const RfInodeKeyCodec: Codec<RfInodeKey> = {
  size: 24,
  encode(v: RfInodeKey, into = new Uint8Array(24), at = 0): Uint8Array {
    const d = cleared(into, at, 24);
    putNumber(d, 0, 32, v.ruleset);
    putNumber(d, 4, 32, v.dev);
    putBigint(d, 8, v.ino);
    putNumber(d, 16, 32, v.generation);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfInodeKey {
    const d = viewOf(b, at, 24);
    return {
      ruleset: getNumber(d, 0, 32),
      dev: getNumber(d, 4, 32),
      ino: getBigint(d, 8),
      generation: getNumber(d, 16, 32),
    };
  },
};

export interface RfInodeNames {
  /** 0: free; RF_INODE_NAMES */
  hash: bigint[];
}

/** Byte offsets of the fields of RfInodeNames, for code that reads only a few. */
export const RfInodeNamesOffset = { hash: 0 } as const;

export const RfInodeNamesCodec: Codec<RfInodeNames> = {
  size: 32,
  encode(v: RfInodeNames, into = new Uint8Array(32), at = 0): Uint8Array {
    const d = cleared(into, at, 32);
    putEach(v.hash, 4, (x, i) => putBigint(d, 0 + i * 8, x));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfInodeNames {
    const d = viewOf(b, at, 32);
    return {
      hash: getEach(4, (i) => getBigint(d, 0 + i * 8)),
    };
  },
};

export interface RfProgram {
  /** bytes used */
  len: number;
  /** raw bytes, cut at the end */
  path: Uint8Array;
}

/** Byte offsets of the fields of RfProgram, for code that reads only a few. */
export const RfProgramOffset = { len: 0, path: 8 } as const;

export const RfProgramCodec: Codec<RfProgram> = {
  size: 256,
  encode(v: RfProgram, into = new Uint8Array(256), at = 0): Uint8Array {
    const d = cleared(into, at, 256);
    putNumber(d, 0, 16, v.len);
    putEach(v.path, 248, (x, i) => putNumber(d, 8 + i * 1, 8, x));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfProgram {
    const d = viewOf(b, at, 256);
    return {
      len: getNumber(d, 0, 16),
      path: b.slice(at + 8, at + 256),
    };
  },
};

export interface RfResolve {
  /** cgroup id: the rulesets to learn it for */
  workload: bigint;
  /** descriptor of the calling process, opened by that name; O_PATH will do */
  fd: number;
  /** out: enum rf_miss of the file's name */
  miss: number;
}

/** Byte offsets of the fields of RfResolve, for code that reads only a few. */
export const RfResolveOffset = { workload: 0, fd: 8, miss: 12 } as const;

export const RfResolveCodec: Codec<RfResolve> = {
  size: 16,
  encode(v: RfResolve, into = new Uint8Array(16), at = 0): Uint8Array {
    const d = cleared(into, at, 16);
    putBigint(d, 0, v.workload);
    putNumber(d, 8, 32, v.fd);
    putNumber(d, 12, 32, v.miss);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfResolve {
    const d = viewOf(b, at, 16);
    return {
      workload: getBigint(d, 0),
      fd: getNumber(d, 8, 32),
      miss: getNumber(d, 12, 32),
    };
  },
};

export interface RfRoot {
  /** descriptor of the calling process; O_PATH will do */
  fd: number;
  /** out: 1 */
  learned: number;
}

/** Byte offsets of the fields of RfRoot, for code that reads only a few. */
export const RfRootOffset = { fd: 0, learned: 4 } as const;

export const RfRootCodec: Codec<RfRoot> = {
  size: 8,
  encode(v: RfRoot, into = new Uint8Array(8), at = 0): Uint8Array {
    const d = cleared(into, at, 8);
    putNumber(d, 0, 32, v.fd);
    putNumber(d, 4, 32, v.learned);
    return into;
  },
  decode(b: Uint8Array, at = 0): RfRoot {
    const d = viewOf(b, at, 8);
    return {
      fd: getNumber(d, 0, 32),
      learned: getNumber(d, 4, 32),
    };
  },
};

export interface RfTest {
  /** ruleset ids */
  pages: number[];
  /** pages used */
  pageCount: number;
  /** mask of rf_class of the operation */
  classes: number;
  /** enum rf_session */
  session: number;
  /** one bit of enum rf_origin: the object's */
  origin: number;
  /** one bit of enum rf_origin: the program's */
  programOrigin: number;
  /** enum rf_miss: the object's */
  miss: number;
  /** 1: the task is its container's main process */
  mainProcess: number;
  /** 1: the file asked for, 0: an interpreter */
  firstOfChain: number;
  /** 1: the object is a directory */
  isDir: number;
  /** 1: a change of the mount tree */
  treeChange: number;
  /** bytes */
  pathLen: number;
  /** bytes */
  programLen: number;
  /** bytes; 0: none */
  givenLen: number;
  /** 1: the exec that ends Setup */
  endsSetup: number;
  /** name of the object */
  path: Uint8Array;
  /** name of the acting program */
  program: Uint8Array;
  /** absolute name given to execve */
  given: Uint8Array;
  /** enum rf_action */
  verdict: number;
  /** rules violated */
  hitsTotal: number;
  /** by page: rules violated */
  violated: bigint[];
  /** by page: of these by the posture */
  unresolved: bigint[];
}

/** Byte offsets of the fields of RfTest, for code that reads only a few. */
export const RfTestOffset = { pages: 0, pageCount: 32, classes: 36, session: 40, origin: 41, programOrigin: 42, miss: 43, mainProcess: 44, firstOfChain: 45, isDir: 46, treeChange: 47, pathLen: 48, programLen: 50, givenLen: 52, endsSetup: 54, path: 56, program: 4152, given: 5176, verdict: 6200, hitsTotal: 6204, violated: 6208, unresolved: 6272 } as const;

export const RfTestCodec: Codec<RfTest> = {
  size: 6336,
  encode(v: RfTest, into = new Uint8Array(6336), at = 0): Uint8Array {
    const d = cleared(into, at, 6336);
    putEach(v.pages, 8, (x, i) => putNumber(d, 0 + i * 4, 32, x));
    putNumber(d, 32, 32, v.pageCount);
    putNumber(d, 36, 32, v.classes);
    putNumber(d, 40, 8, v.session);
    putNumber(d, 41, 8, v.origin);
    putNumber(d, 42, 8, v.programOrigin);
    putNumber(d, 43, 8, v.miss);
    putNumber(d, 44, 8, v.mainProcess);
    putNumber(d, 45, 8, v.firstOfChain);
    putNumber(d, 46, 8, v.isDir);
    putNumber(d, 47, 8, v.treeChange);
    putNumber(d, 48, 16, v.pathLen);
    putNumber(d, 50, 16, v.programLen);
    putNumber(d, 52, 16, v.givenLen);
    putNumber(d, 54, 8, v.endsSetup);
    putEach(v.path, 4096, (x, i) => putNumber(d, 56 + i * 1, 8, x));
    putEach(v.program, 1024, (x, i) => putNumber(d, 4152 + i * 1, 8, x));
    putEach(v.given, 1024, (x, i) => putNumber(d, 5176 + i * 1, 8, x));
    putNumber(d, 6200, 32, v.verdict);
    putNumber(d, 6204, 32, v.hitsTotal);
    putEach(v.violated, 8, (x, i) => putBigint(d, 6208 + i * 8, x));
    putEach(v.unresolved, 8, (x, i) => putBigint(d, 6272 + i * 8, x));
    return into;
  },
  decode(b: Uint8Array, at = 0): RfTest {
    const d = viewOf(b, at, 6336);
    return {
      pages: getEach(8, (i) => getNumber(d, 0 + i * 4, 32)),
      pageCount: getNumber(d, 32, 32),
      classes: getNumber(d, 36, 32),
      session: getNumber(d, 40, 8),
      origin: getNumber(d, 41, 8),
      programOrigin: getNumber(d, 42, 8),
      miss: getNumber(d, 43, 8),
      mainProcess: getNumber(d, 44, 8),
      firstOfChain: getNumber(d, 45, 8),
      isDir: getNumber(d, 46, 8),
      treeChange: getNumber(d, 47, 8),
      pathLen: getNumber(d, 48, 16),
      programLen: getNumber(d, 50, 16),
      givenLen: getNumber(d, 52, 16),
      endsSetup: getNumber(d, 54, 8),
      path: b.slice(at + 56, at + 4152),
      program: b.slice(at + 4152, at + 5176),
      given: b.slice(at + 5176, at + 6200),
      verdict: getNumber(d, 6200, 32),
      hitsTotal: getNumber(d, 6204, 32),
      violated: getEach(8, (i) => getBigint(d, 6208 + i * 8)),
      unresolved: getEach(8, (i) => getBigint(d, 6272 + i * 8)),
    };
  },
};
