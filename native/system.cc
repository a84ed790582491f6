#include "system.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
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

// rename(2) with RENAME_EXCHANGE: both names exist at every moment.
Napi::Value ExchangePaths(const Napi::CallbackInfo& info) {
  const std::string one = TextArgument(info, 0, "one");
  const std::string other = TextArgument(info, 1, "other");
  if (renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
    throw SystemError(info.Env(), errno, "exchange " + one + " and " + other);
  }
  return info.Env().Undefined();
}

/** Ids of all BPF objects of one kind on the machine. */
Napi::Value ListIds(const Napi::CallbackInfo& info) {
  const std::string kind = TextArgument(info, 0, "kind");
  int (*next)(uint32_t, uint32_t*) = kind == "map"       ? bpf_map_get_next_id
                                     : kind == "program" ? bpf_prog_get_next_id
                                     : kind == "link"    ? bpf_link_get_next_id
                                                         : nullptr;
  if (next == nullptr) throw Napi::TypeError::New(info.Env(), "kind: expected map, program or link");
  Napi::Array ids = Napi::Array::New(info.Env());
  uint32_t id = 0;
  while (next(id, &id) == 0) ids.Set(ids.Length(), Napi::Number::New(info.Env(), id));
  if (errno != ENOENT) throw SystemError(info.Env(), errno, "list the ids of BPF objects");
  return ids;
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

void DefineSystemFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("mountBpffs", Napi::Function::New<MountBpffs>(env, "mountBpffs"));
  exports.Set("unmount", Napi::Function::New<Unmount>(env, "unmount"));
  exports.Set("isBpffs", Napi::Function::New<IsBpffs>(env, "isBpffs"));
  exports.Set("exchangePaths", Napi::Function::New<ExchangePaths>(env, "exchangePaths"));
  exports.Set("listIds", Napi::Function::New<ListIds>(env, "listIds"));
  exports.Set("possibleCpus", Napi::Function::New<PossibleCpus>(env, "possibleCpus"));
  exports.Set("bootTimeNs", Napi::Function::New<BootTimeNs>(env, "bootTimeNs"));
}

}  // namespace ringfence
