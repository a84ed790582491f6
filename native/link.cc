#include "link.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "error.h"
#include "state.h"

namespace ringfence {

void BpfLink::Define(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(env, "BpfLink",
                                           {
                                               StaticMethod<&BpfLink::OpenPinned>("openPinned"),
                                               InstanceMethod<&BpfLink::Info>("info"),
                                               InstanceMethod<&BpfLink::ReadIterator>("readIterator"),
                                               InstanceMethod<&BpfLink::Pin>("pin"),
                                               InstanceMethod<&BpfLink::Close>("close"),
                                           });
  StateOf(env).link = Napi::Persistent(constructor);
  exports.Set("BpfLink", constructor);
}

BpfLink::BpfLink(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<BpfLink>(info), fd_(TakeSeed<Fd>(info, "a BpfLink comes from BpfProgram.attach or BpfLink.openPinned")) {}

Napi::Value BpfLink::OpenPinned(const Napi::CallbackInfo& info) {
  const std::string path = TextArgument(info, 0, "path");
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd.valid()) throw SystemError(info.Env(), errno, "open pinned link " + path);
  return NewHandle(info.Env(), StateOf(info.Env()).link, std::move(fd));
}

Napi::Value BpfLink::Info(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  bpf_link_info link{};
  uint32_t length = sizeof(link);
  if (bpf_obj_get_info_by_fd(fd_.get(), &link, &length) != 0) throw SystemError(info.Env(), errno, "read link info");
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("id", link.id);
  result.Set("type", link.type);
  result.Set("programId", link.prog_id);
  if (link.type == BPF_LINK_TYPE_TRACING) {
    result.Set("attachType", link.tracing.attach_type);
    result.Set("targetBtfId", link.tracing.target_btf_id);
  }
  return result;
}

Napi::Value BpfLink::ReadIterator(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const Fd run(bpf_iter_create(fd_.get()));
  if (!run.valid()) throw SystemError(info.Env(), errno, "start iterator");
  std::vector<uint8_t> content;
  constexpr size_t kChunk = 64 * 1024;
  for (;;) {
    const size_t used = content.size();
    content.resize(used + kChunk);
    const ssize_t got = read(run.get(), content.data() + used, kChunk);
    content.resize(used + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got == 0) break;
    // A program that yields nothing for a whole round makes read() ask to be called again.
    if (got < 0 && errno != EAGAIN && errno != EINTR) throw SystemError(info.Env(), errno, "read iterator");
  }
  Napi::Uint8Array bytes = NewBytes(info.Env(), content.size());
  if (!content.empty()) memcpy(bytes.Data(), content.data(), content.size());
  return bytes;
}

Napi::Value BpfLink::Pin(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const std::string path = TextArgument(info, 0, "path");
  if (bpf_obj_pin(fd_.get(), path.c_str()) != 0) throw SystemError(info.Env(), errno, "pin link at " + path);
  return info.Env().Undefined();
}

Napi::Value BpfLink::Close(const Napi::CallbackInfo& info) {
  fd_.Reset();
  return info.Env().Undefined();
}

void BpfLink::RequireOpen(Napi::Env env) const {
  if (!fd_.valid()) throw SystemError(env, EBADF, "use closed link");
}

}  // namespace ringfence
