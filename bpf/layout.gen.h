/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Generated from the BTF of bpf/abi.bpf.c by `npm run gen`. Do not edit. */
#ifndef RF_LAYOUT_GEN_H
#define RF_LAYOUT_GEN_H

#define RF_LAYOUT_HASH 0xb9086a98b0cab96eULL

#endif
