// The thread that takes records out of a ring buffer map and hands them over in batches. Knows nothing of JavaScript.
#pragma once

#include <bpf/libbpf.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "fd.h"

namespace ringfence {

struct RingLimits {
  uint32_t batch_records = 256;
  uint32_t flush_ms = 5;
  /** Batches handed over and not yet Done(). At the limit records stay in the ring, and when that is full the kernel counts. */
  uint32_t batches_waiting = 4;
};

/** Records one after another, each padded to 8 bytes; `sizes` has their true sizes. */
struct RingBatch {
  std::vector<uint8_t> data;
  std::vector<uint32_t> sizes;
};

class RingThread {
 public:
  using Deliver = std::function<void(std::unique_ptr<RingBatch>)>;

  /** Throws std::system_error when the ring cannot be read. */
  RingThread(int map_fd, RingLimits limits, Deliver deliver);
  /** Ends the thread. Records not taken yet stay in the ring. */
  ~RingThread();
  RingThread(const RingThread&) = delete;
  RingThread& operator=(const RingThread&) = delete;

  /** Called by the receiver when it has finished with a batch. */
  void Done();

 private:
  struct FreeRing {
    void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
  };

  static int TakeRecord(void* context, void* record, size_t size);
  void Run();
  bool WaitForRoom();
  bool WaitForRecords(int timeout_ms);
  bool Collect();
  void Flush();

  const RingLimits limits_;
  const Deliver deliver_;
  Fd wake_;
  Fd epoll_;
  std::unique_ptr<ring_buffer, FreeRing> ring_;
  std::unique_ptr<RingBatch> batch_;
  std::mutex mutex_;
  std::condition_variable room_;
  uint32_t waiting_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ringfence
