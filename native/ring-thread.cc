#include "ring-thread.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "log.h"

namespace ringfence {

namespace {

constexpr int kBatchFull = -ECANCELED;

[[noreturn]] void ThrowSystem(int error, const char* attempt) {
  throw std::system_error(error < 0 ? -error : error, std::generic_category(), attempt);
}

void Watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) ThrowSystem(errno, "watch the ring buffer");
}

}  // namespace

RingThread::RingThread(int map_fd, RingLimits limits, Deliver deliver)
    : limits_(limits), deliver_(std::move(deliver)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!wake_.valid() || !epoll_.valid()) ThrowSystem(errno, "watch the ring buffer");
  LogCapture quiet;
  ring_.reset(ring_buffer__new(map_fd, TakeRecord, this, nullptr));
  if (ring_ == nullptr) ThrowSystem(errno, "map the ring buffer");
  Watch(epoll_.get(), wake_.get());
  Watch(epoll_.get(), ring_buffer__epoll_fd(ring_.get()));
  batch_ = std::make_unique<RingBatch>();
  thread_ = std::thread([this] { Run(); });
}

RingThread::~RingThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  const uint64_t one = 1;
  // The counter of an eventfd that is read by nobody cannot be full after one write.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
  thread_.join();
}

void RingThread::Done() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_--;
  }
  room_.notify_one();
}

// libbpf counts a record as taken before it looks at the result, so a full batch ends the round after its last record.
int RingThread::TakeRecord(void* context, void* record, size_t size) {
  RingBatch& batch = *static_cast<RingThread*>(context)->batch_;
  const size_t at = batch.data.size();
  batch.data.resize(at + (size + 7) / 8 * 8);
  memcpy(batch.data.data() + at, record, size);
  batch.sizes.push_back(static_cast<uint32_t>(size));
  return batch.sizes.size() >= static_cast<RingThread*>(context)->limits_.batch_records ? kBatchFull : 0;
}

void RingThread::Run() {
  using Clock = std::chrono::steady_clock;
  const auto patience = std::chrono::milliseconds(limits_.flush_ms);
  while (WaitForRoom()) {
    bool full = Collect();
    if (batch_->sizes.empty()) {
      if (!WaitForRecords(-1)) return;
      continue;
    }
    const auto deadline = Clock::now() + patience;
    while (!full && Clock::now() < deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (!WaitForRecords(static_cast<int>(left) + 1)) break;
      full = Collect();
    }
    Flush();
  }
}

/** Waits until another batch may be handed over; false: the thread is to end. */
bool RingThread::WaitForRoom() {
  std::unique_lock<std::mutex> lock(mutex_);
  room_.wait(lock, [this] { return stopping_ || waiting_ < limits_.batches_waiting; });
  return !stopping_;
}

/** False: the thread is to end. */
bool RingThread::WaitForRecords(int timeout_ms) {
  epoll_event events[2];
  const int count = epoll_wait(epoll_.get(), events, 2, timeout_ms);
  for (int index = 0; index < count; index++) {
    if (events[index].data.fd == wake_.get()) return false;
  }
  return true;
}

/** Takes what the ring has; true: the batch is full. */
bool RingThread::Collect() {
  return ring_buffer__consume(ring_.get()) == kBatchFull;
}

void RingThread::Flush() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_++;
  }
  deliver_(std::exchange(batch_, std::make_unique<RingBatch>()));
}

}  // namespace ringfence
