// A ring buffer map read into JavaScript: a callback gets batches of records.
#pragma once

#include <napi.h>

#include <memory>

#include "ring-thread.h"

namespace ringfence {

class RingReader : public Napi::ObjectWrap<RingReader> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit RingReader(const Napi::CallbackInfo& info);
  ~RingReader() override;

 private:
  /** What the reading thread, the calls on their way and the object share; it lives as long as any of them. */
  struct Shared;

  Napi::Value Close(const Napi::CallbackInfo& info);
  void Stop();

  std::shared_ptr<Shared> shared_;
};

}  // namespace ringfence
