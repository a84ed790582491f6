/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Generated from the BTF of bpf/abi.bpf.c by `npm run gen`. Do not edit. */
#ifndef RF_LAYOUT_GEN_H
#define RF_LAYOUT_GEN_H

#define RF_LAYOUT_HASH 0x602a49e0d41084b2ULL

#endif
