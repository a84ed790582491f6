#include "program.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>

#include "error.h"
#include "log.h"
#include "state.h"

namespace ringfence {

void BpfProgram::Define(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(env, "BpfProgram",
                                           {
                                               StaticMethod<&BpfProgram::OpenPinned>("openPinned"),
                                               InstanceMethod<&BpfProgram::Info>("info"),
                                               InstanceMethod<&BpfProgram::Attach>("attach"),
                                               InstanceMethod<&BpfProgram::TestRun>("testRun"),
                                               InstanceMethod<&BpfProgram::Pin>("pin"),
                                               InstanceMethod<&BpfProgram::Close>("close"),
                                           });
  StateOf(env).program = Napi::Persistent(constructor);
  exports.Set("BpfProgram", constructor);
}

BpfProgram::BpfProgram(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<BpfProgram>(info),
      seed_(TakeSeed<ProgramSeed>(info, "a BpfProgram comes from BpfObject.program or BpfProgram.openPinned")) {
  uint32_t length = sizeof(info_);
  if (bpf_obj_get_info_by_fd(seed_.fd.get(), &info_, &length) != 0) throw SystemError(info.Env(), errno, "read program info");
}

Napi::Value BpfProgram::OpenPinned(const Napi::CallbackInfo& info) {
  const std::string path = TextArgument(info, 0, "path");
  ProgramSeed seed{Fd(bpf_obj_get(path.c_str()))};
  if (!seed.fd.valid()) throw SystemError(info.Env(), errno, "open pinned program " + path);
  return NewHandle(info.Env(), StateOf(info.Env()).program, std::move(seed));
}

Napi::Value BpfProgram::Info(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("id", info_.id);
  result.Set("name", static_cast<const char*>(info_.name));
  result.Set("type", info_.type);
  result.Set("attachBtfId", info_.attach_btf_id);
  result.Set("verifiedInstructions", info_.verified_insns);
  return result;
}

Napi::Value BpfProgram::Attach(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  if (!seed_.attachable) throw SystemError(info.Env(), EOPNOTSUPP, Attempt("attach pinned"));
  LogCapture log;
  Fd link(bpf_link_create(seed_.fd.get(), 0, seed_.attach_type, nullptr));
  if (!link.valid()) throw SystemError(info.Env(), errno, Attempt("attach"), log.text());
  return NewHandle(info.Env(), StateOf(info.Env()).link, std::move(link));
}

// Runs a SEC("syscall") program once: context in -> { returnValue, context } with what the program left in it.
Napi::Value BpfProgram::TestRun(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const Bytes given = BytesArgument(info, 0, "context");
  // The kernel writes the context back to where it read it from, so it gets memory of its own.
  Napi::Uint8Array context = NewBytes(info.Env(), given.size);
  if (given.size > 0) memcpy(context.Data(), given.data, given.size);
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.ctx_in = given.size > 0 ? context.Data() : nullptr;
  options.ctx_size_in = static_cast<uint32_t>(given.size);
  if (bpf_prog_test_run_opts(seed_.fd.get(), &options) != 0) throw SystemError(info.Env(), errno, Attempt("test-run"));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("returnValue", options.retval);
  result.Set("context", context);
  return result;
}

Napi::Value BpfProgram::Pin(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const std::string path = TextArgument(info, 0, "path");
  if (bpf_obj_pin(seed_.fd.get(), path.c_str()) != 0) throw SystemError(info.Env(), errno, Attempt("pin") + " at " + path);
  return info.Env().Undefined();
}

Napi::Value BpfProgram::Close(const Napi::CallbackInfo& info) {
  seed_.fd.Reset();
  return info.Env().Undefined();
}

void BpfProgram::RequireOpen(Napi::Env env) const {
  if (!seed_.fd.valid()) throw SystemError(env, EBADF, Attempt("use closed"));
}

std::string BpfProgram::Attempt(const char* verb) const {
  return std::string(verb) + " program " + info_.name;
}

}  // namespace ringfence
