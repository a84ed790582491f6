#include "mount.h"

#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <time.h>

#include <cerrno>

#include "error.h"

namespace ringfence {

namespace {

Napi::Value MountBpffs(const Napi::CallbackInfo& info) {
  const std::string path = TextArgument(info, 0, "path");
  if (mount("ringfence", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
    throw SystemError(info.Env(), errno, "mount a BPF file system at " + path);
  }
  return info.Env().Undefined();
}

Napi::Value Unmount(const Napi::CallbackInfo& info) {
  const std::string path = TextArgument(info, 0, "path");
  if (umount2(path.c_str(), UMOUNT_NOFOLLOW) != 0) throw SystemError(info.Env(), errno, "unmount " + path);
  return info.Env().Undefined();
}

Napi::Value IsBpffs(const Napi::CallbackInfo& info) {
  const std::string path = TextArgument(info, 0, "path");
  struct statfs found {};
  if (statfs(path.c_str(), &found) != 0) throw SystemError(info.Env(), errno, "read the file system type of " + path);
  return Napi::Boolean::New(info.Env(), found.f_type == BPF_FS_MAGIC);
}

Napi::Value PossibleCpus(const Napi::CallbackInfo& info) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) throw SystemError(info.Env(), cpus, "count possible CPUs");
  return Napi::Number::New(info.Env(), cpus);
}

Napi::Value BootTimeNs(const Napi::CallbackInfo& info) {
  timespec now{};
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) throw SystemError(info.Env(), errno, "read the boot clock");
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec));
}

}  // namespace

void DefineMountFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("mountBpffs", Napi::Function::New<MountBpffs>(env, "mountBpffs"));
  exports.Set("unmount", Napi::Function::New<Unmount>(env, "unmount"));
  exports.Set("isBpffs", Napi::Function::New<IsBpffs>(env, "isBpffs"));
  exports.Set("possibleCpus", Napi::Function::New<PossibleCpus>(env, "possibleCpus"));
  exports.Set("bootTimeNs", Napi::Function::New<BootTimeNs>(env, "bootTimeNs"));
}

}  // namespace ringfence
