// Opens names without waiting for them: the file system that has them may be served by a process that never answers.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "fd.h"

namespace ringfence {

/** What the thread says of itself. */
struct OpenerState {
  std::atomic<bool> ready = false;
  /** Of the steady clock, when the open that is under way began; 0: none is. */
  std::atomic<int64_t> began_ns = 0;
};

class PathOpener : public Napi::ObjectWrap<PathOpener> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  /** Takes an array of paths as bytes. A thread opens them with O_PATH, one after the other, and no link at their end. */
  explicit PathOpener(const Napi::CallbackInfo& info);

 private:
  /** The next descriptor, which the caller closes; -1 where nothing has the name or is open to us; undefined while there is no answer. */
  Napi::Value Take(const Napi::CallbackInfo& info);
  /** How long the name being opened has taken until now; 0 where none is. */
  Napi::Value WaitingMs(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  Fd socket_;
  std::shared_ptr<OpenerState> state_;
};

}  // namespace ringfence
