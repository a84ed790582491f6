// A BPF map by its descriptor: entries as bytes.
#pragma once

#include <linux/bpf.h>
#include <napi.h>

#include "fd.h"

namespace ringfence {

class BpfMap : public Napi::ObjectWrap<BpfMap> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit BpfMap(const Napi::CallbackInfo& info);
  /** The map behind a JavaScript value; throws unless it is an open one. */
  static BpfMap& From(const Napi::Value& value);
  int fd() const { return fd_.get(); }
  const bpf_map_info& info() const { return info_; }

 private:
  static Napi::Value OpenPinned(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value Lookup(const Napi::CallbackInfo& info);
  Napi::Value Update(const Napi::CallbackInfo& info);
  Napi::Value UpdateBatch(const Napi::CallbackInfo& info);
  Napi::Value Delete(const Napi::CallbackInfo& info);
  Napi::Value NextKey(const Napi::CallbackInfo& info);
  Napi::Value ReadBatch(const Napi::CallbackInfo& info);
  Napi::Value ReadVariable(const Napi::CallbackInfo& info);
  Napi::Value Pin(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void RequireOpen(Napi::Env env) const;
  std::string Attempt(const char* verb) const;
  /** Bytes of one value as system calls pass it: for per-CPU maps one part for each possible CPU. */
  size_t value_bytes() const { return value_bytes_; }

  Fd fd_;
  bpf_map_info info_{};
  size_t value_bytes_ = 0;
};

}  // namespace ringfence
