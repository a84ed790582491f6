#include "opener.h"

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "error.h"

namespace ringfence {

namespace {

constexpr char kFound = 'f';
constexpr char kNothing = 'n';

union Control {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr align;
};

int64_t Now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

/** One answer; false when nobody waits for it any more. */
bool Answer(int socket, const Fd& found) {
  char word = found.valid() ? kFound : kNothing;
  iovec text{&word, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  if (found.valid()) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof(control.bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = found.get();
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

/**
 * Where a file system never answers, the thread is stuck in the kernel and outlives even the process's death: with a table of
 * its own it keeps none of the process's descriptors, the agent's lock above all, from being closed.
 */
void OpenAll(const std::vector<std::string>& paths, int socket, OpenerState& state) {
  const bool alone = unshare(CLONE_FILES) == 0;
  state.ready = true;
  if (!alone || close_range(0, socket - 1, 0) != 0 || close_range(socket + 1, ~0U, 0) != 0) return;
  for (const std::string& path : paths) {
    state.began_ns = Now();
    const Fd found(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    state.began_ns = 0;
    if (!Answer(socket, found)) break;
  }
  close(socket);
}

/** Starts the thread with every signal blocked: their handlers write to descriptors that it does not have. */
void Start(std::vector<std::string> paths, int socket, std::shared_ptr<OpenerState> state) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([paths = std::move(paths), socket, state] { OpenAll(paths, socket, *state); }).detach();
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::vector<std::string> PathsArgument(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsArray()) throw Napi::TypeError::New(info.Env(), "paths: expected an array");
  const Napi::Array list = info[0].As<Napi::Array>();
  std::vector<std::string> paths;
  for (uint32_t index = 0; index < list.Length(); index++) {
    const Napi::Value one = list.Get(index);
    if (!one.IsTypedArray()) throw Napi::TypeError::New(info.Env(), "paths: expected arrays of bytes");
    const Napi::Uint8Array bytes = one.As<Napi::Uint8Array>();
    paths.emplace_back(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  }
  return paths;
}

}  // namespace

void PathOpener::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("PathOpener", DefineClass(env, "PathOpener",
                                        {InstanceMethod<&PathOpener::Take>("take"), InstanceMethod<&PathOpener::WaitingMs>("waitingMs"),
                                         InstanceMethod<&PathOpener::Close>("close")}));
}

PathOpener::PathOpener(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<PathOpener>(info), state_(std::make_shared<OpenerState>()) {
  std::vector<std::string> paths = PathsArgument(info);
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) throw SystemError(info.Env(), errno, "make a socket pair");
  socket_ = Fd(pair[0]);
  const Fd theirs(pair[1]);
  try {
    Start(std::move(paths), theirs.get(), state_);
  } catch (const std::system_error& error) {
    throw SystemError(info.Env(), error.code().value(), "start a thread");
  }
  // Once it has a table of its own, ours may lose the other end.
  while (!state_->ready) std::this_thread::yield();
}

Napi::Value PathOpener::Take(const Napi::CallbackInfo& info) {
  char word = kNothing;
  iovec text{&word, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  const ssize_t got = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && errno == EAGAIN) return info.Env().Undefined();
  if (got < 0) throw SystemError(info.Env(), errno, "receive a descriptor");
  int fd = -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (word == kFound && header != nullptr) memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return Napi::Number::New(info.Env(), fd);
}

Napi::Value PathOpener::WaitingMs(const Napi::CallbackInfo& info) {
  const int64_t began = state_->began_ns;
  return Napi::Number::New(info.Env(), began == 0 ? 0 : static_cast<double>(Now() - began) / 1e6);
}

Napi::Value PathOpener::Close(const Napi::CallbackInfo& info) {
  socket_.Reset();
  return info.Env().Undefined();
}

}  // namespace ringfence
