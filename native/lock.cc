#include "lock.h"

#include <sys/file.h>

#include <cerrno>

#include "error.h"

namespace ringfence {

void FileLock::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("FileLock", DefineClass(env, "FileLock", {InstanceMethod<&FileLock::Close>("close")}));
}

FileLock::FileLock(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FileLock>(info) {
  const std::string path = TextArgument(info, 0, "path");
  fd_ = Fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_.valid()) throw SystemError(info.Env(), errno, "open lock file " + path);
  if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) throw SystemError(info.Env(), errno, "lock " + path);
}

Napi::Value FileLock::Close(const Napi::CallbackInfo& info) {
  fd_.Reset();
  return info.Env().Undefined();
}

}  // namespace ringfence
