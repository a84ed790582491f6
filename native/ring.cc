#include "ring.h"

#include <cstring>
#include <mutex>
#include <system_error>

#include "error.h"
#include "map.h"

namespace ringfence {

struct RingReader::Shared {
  Napi::Env env;
  Napi::ThreadSafeFunction call;
  std::unique_ptr<RingThread> thread;

  explicit Shared(Napi::Env owner) : env(owner) {}

  /** Main thread only. Joining before the function is released: the thread never calls a released one. */
  void Stop() {
    if (thread == nullptr) return;
    napi_remove_env_cleanup_hook(env, StopHook, this);
    thread.reset();
    call.Release();
  }

  /** The environment ends: the thread must, before what it calls into is gone. */
  static void StopHook(void* shared) {
    auto* self = static_cast<Shared*>(shared);
    self->thread.reset();
    self->call.Release();
  }
};

namespace {

template <typename Shared>
void Done(const std::weak_ptr<Shared>& reader) {
  const std::shared_ptr<Shared> alive = reader.lock();
  if (alive != nullptr && alive->thread != nullptr) alive->thread->Done();
}

/** Counts a batch as finished when the event loop has turned, whatever the callback did: a flood of records leaves room for all else. */
template <typename Shared>
struct Finished {
  Napi::Env env;
  std::weak_ptr<Shared> reader;

  ~Finished() {
    try {
      const auto later = env.Global().Get("setImmediate").As<Napi::Function>();
      later.Call({Napi::Function::New(env, [reader = reader](const Napi::CallbackInfo&) { Done(reader); })});
    } catch (const Napi::Error&) {
      Done(reader);  // The environment is ending.
    }
  }
};

void CallBack(Napi::Env env, Napi::Function callback, const RingBatch& batch) {
  Napi::Uint8Array data = NewBytes(env, batch.data.size());
  memcpy(data.Data(), batch.data.data(), batch.data.size());
  Napi::Uint32Array sizes = Napi::Uint32Array::New(env, batch.sizes.size());
  memcpy(sizes.Data(), batch.sizes.data(), batch.sizes.size() * sizeof(uint32_t));
  callback.Call({data, sizes});
}

uint32_t Option(const Napi::Object& options, const char* name, uint32_t otherwise) {
  const Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return otherwise;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number >= 1 && number <= 65536)) throw Napi::TypeError::New(options.Env(), std::string(name) + ": expected 1 to 65536");
  return static_cast<uint32_t>(number);
}

RingLimits LimitsArgument(const Napi::CallbackInfo& info) {
  RingLimits limits;
  if (info[2].IsUndefined()) return limits;
  if (!info[2].IsObject()) throw Napi::TypeError::New(info.Env(), "limits: expected an object");
  const auto options = info[2].As<Napi::Object>();
  limits.batch_records = Option(options, "batchRecords", limits.batch_records);
  limits.flush_ms = Option(options, "flushMs", limits.flush_ms);
  limits.batches_waiting = Option(options, "batchesWaiting", limits.batches_waiting);
  return limits;
}

}  // namespace

void RingReader::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("RingReader", DefineClass(env, "RingReader", {InstanceMethod<&RingReader::Close>("close")}));
}

// (map, callback(data, sizes), limits?). The reader does not keep the process alive.
RingReader::RingReader(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RingReader>(info) {
  const BpfMap& map = BpfMap::From(info[0]);
  if (!info[1].IsFunction()) throw Napi::TypeError::New(info.Env(), "callback: expected a function");
  const RingLimits limits = LimitsArgument(info);
  auto shared = std::make_shared<Shared>(info.Env());
  // Unbounded here: the bound is RingLimits.batches_waiting, at which records are left in the ring.
  shared->call = Napi::ThreadSafeFunction::New(info.Env(), info[1].As<Napi::Function>(), "ringfence events", 0, 1);
  auto deliver = [shared = shared.get(), weak = std::weak_ptr<Shared>(shared)](std::unique_ptr<RingBatch> batch) {
    RingBatch* raw = batch.release();
    const napi_status status = shared->call.NonBlockingCall(raw, [weak](Napi::Env env, Napi::Function callback, RingBatch* data) {
      const std::unique_ptr<RingBatch> owned(data);
      const std::shared_ptr<Shared> alive = weak.lock();
      if (alive == nullptr || alive->thread == nullptr) return;
      const Finished<Shared> finished{env, weak};
      CallBack(env, callback, *owned);
    });
    if (status != napi_ok) delete raw;
  };
  try {
    shared->thread = std::make_unique<RingThread>(map.fd(), limits, deliver);
  } catch (const std::system_error& error) {
    shared->call.Release();
    throw SystemError(info.Env(), error.code().value(), "read ring buffer map " + std::string(map.info().name));
  }
  shared->call.Unref(info.Env());
  napi_add_env_cleanup_hook(info.Env(), Shared::StopHook, shared.get());
  shared_ = std::move(shared);
}

RingReader::~RingReader() {
  Stop();
}

Napi::Value RingReader::Close(const Napi::CallbackInfo& info) {
  Stop();
  return info.Env().Undefined();
}

void RingReader::Stop() {
  if (shared_ != nullptr) shared_->Stop();
}

}  // namespace ringfence
