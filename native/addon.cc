// The export table.
#include <bpf/libbpf.h>
#include <napi.h>

#include "link.h"
#include "lock.h"
#include "log.h"
#include "map.h"
#include "system.h"
#include "object.h"
#include "opener.h"
#include "probe.h"
#include "program.h"
#include "ring.h"
#include "state.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  ringfence::LogCapture::Install();
  env.SetInstanceData(new ringfence::AddonState());
  ringfence::BpfLink::Define(env, exports);
  ringfence::BpfMap::Define(env, exports);
  ringfence::BpfObject::Define(env, exports);
  ringfence::BpfProgram::Define(env, exports);
  ringfence::FileLock::Define(env, exports);
  ringfence::KernelTypes::Define(env, exports);
  ringfence::PathOpener::Define(env, exports);
  ringfence::RingReader::Define(env, exports);
  ringfence::DefineSystemFunctions(env, exports);
  exports.Set("libbpfVersion", Napi::String::New(env, libbpf_version_string()));
  return exports;
}

}  // namespace

NODE_API_MODULE(ringfence, Init)
