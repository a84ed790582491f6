#include "error.h"

#include <cmath>
#include <cstring>

namespace ringfence {

namespace {

constexpr int kKernelEnotsupp = 524;  // leaves the kernel although it is not a user space errno

[[noreturn]] void ThrowType(Napi::Env env, const char* name, const char* expected) {
  throw Napi::TypeError::New(env, std::string(name) + ": expected " + expected);
}

}  // namespace

std::string ErrnoName(int error) {
  if (error == kKernelEnotsupp) return "ENOTSUPP";
  const char* name = strerrorname_np(error);
  return name != nullptr ? std::string(name) : std::string("E").append(std::to_string(error));
}

Napi::Error SystemError(Napi::Env env, int error, const std::string& attempt, const std::string& log) {
  const int positive = error < 0 ? -error : error;
  const std::string name = ErrnoName(positive);
  Napi::Error result = Napi::Error::New(env, attempt + ": " + name);
  result.Set("errno", Napi::String::New(env, name));
  result.Set("attempt", Napi::String::New(env, attempt));
  if (!log.empty()) result.Set("verifierLog", Napi::String::New(env, log));
  return result;
}

std::string TextArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsString()) ThrowType(info.Env(), name, "a string");
  std::string text = info[index].As<Napi::String>().Utf8Value();
  if (text.empty() || text.find('\0') != std::string::npos) ThrowType(info.Env(), name, "a string that is not empty and has no NUL");
  return text;
}

bool BooleanArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsBoolean()) ThrowType(info.Env(), name, "a boolean");
  return info[index].As<Napi::Boolean>().Value();
}

uint32_t NumberArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  constexpr const char* kExpected = "an integer from 0 to 4294967295";
  if (!info[index].IsNumber()) ThrowType(info.Env(), name, kExpected);
  const double value = info[index].As<Napi::Number>().DoubleValue();
  if (!(value >= 0 && value <= 4294967295.0) || std::floor(value) != value) ThrowType(info.Env(), name, kExpected);
  return static_cast<uint32_t>(value);
}

Bytes BytesArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsTypedArray() || info[index].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    ThrowType(info.Env(), name, "a Uint8Array");
  }
  const auto array = info[index].As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

const void* SizedArgument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t size) {
  const Bytes bytes = BytesArgument(info, index, name);
  if (bytes.size != size) {
    const std::string expected = std::to_string(size) + " bytes, got " + std::to_string(bytes.size);
    ThrowType(info.Env(), name, expected.c_str());
  }
  return bytes.data;
}

Napi::Uint8Array NewBytes(Napi::Env env, size_t size) {
  return Napi::Uint8Array::New(env, size);
}

}  // namespace ringfence
