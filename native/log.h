// What libbpf prints, verifier log included, while one call runs.
#pragma once

#include <string>

namespace ringfence {

/**
 * Collects libbpf's messages of this thread between construction and destruction. libbpf has one print function for the
 * process, without a context, but prints in the calling thread: so the current capture is a thread's, not a global.
 */
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /** The messages; of a verifier log that would fill megabytes the beginning and the end. */
  std::string text() const;
  /** Makes libbpf print to captures, and nowhere else when there is none. */
  static void Install();

 private:
  std::string text_;
  LogCapture* outer_;
};

}  // namespace ringfence
