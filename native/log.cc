#include "log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <vector>

namespace ringfence {

namespace {

constexpr size_t kLogMax = 16 * 1024 * 1024;  // the largest verifier log of one program
constexpr size_t kTextMax = 256 * 1024;

thread_local LogCapture* current_capture = nullptr;
thread_local std::string* current_text = nullptr;

int Print(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (current_text == nullptr || level == LIBBPF_DEBUG || current_text->size() >= kLogMax) return 0;
  va_list again;
  va_copy(again, arguments);
  const int length = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return 0;
  std::vector<char> line(static_cast<size_t>(length) + 1);
  vsnprintf(line.data(), line.size(), format, arguments);
  current_text->append(line.data(), static_cast<size_t>(length));
  return length;
}

}  // namespace

LogCapture::LogCapture() : outer_(current_capture) {
  current_capture = this;
  current_text = &text_;
}

LogCapture::~LogCapture() {
  current_capture = outer_;
  current_text = outer_ != nullptr ? &outer_->text_ : nullptr;
}

std::string LogCapture::text() const {
  if (text_.size() <= kTextMax) return text_;
  const size_t head = kTextMax / 4;
  const size_t tail = kTextMax - head;
  return text_.substr(0, head) + "\n[...]\n" + text_.substr(text_.size() - tail);
}

void LogCapture::Install() {
  libbpf_set_print(Print);
}

}  // namespace ringfence
