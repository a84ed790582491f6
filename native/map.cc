#include "map.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "error.h"
#include "log.h"
#include "state.h"

namespace ringfence {

namespace {

bool IsPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

/** Bytes of kernel memory that the map is charged for; 0 when the kernel does not say. */
double MemoryBytes(int fd) {
  std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
  std::string key;
  double value = 0;
  while (file >> key) {
    if (key == "memlock:" && file >> value) return value;
    file.ignore(256, '\n');
  }
  return 0;
}

struct BtfFree {
  void operator()(btf* types) const { btf__free(types); }
};

}  // namespace

void BpfMap::Define(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(
      env, "BpfMap",
      {
          StaticMethod<&BpfMap::OpenPinned>("openPinned"),
          InstanceMethod<&BpfMap::Info>("info"),
          InstanceMethod<&BpfMap::Lookup>("lookup"),
          InstanceMethod<&BpfMap::Update>("update"),
          InstanceMethod<&BpfMap::UpdateBatch>("updateBatch"),
          InstanceMethod<&BpfMap::Delete>("delete"),
          InstanceMethod<&BpfMap::NextKey>("nextKey"),
          InstanceMethod<&BpfMap::ReadBatch>("readBatch"),
          InstanceMethod<&BpfMap::ReadVariable>("readVariable"),
          InstanceMethod<&BpfMap::Pin>("pin"),
          InstanceMethod<&BpfMap::Close>("close"),
      });
  StateOf(env).map = Napi::Persistent(constructor);
  exports.Set("BpfMap", constructor);
}

BpfMap::BpfMap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<BpfMap>(info), fd_(TakeSeed<Fd>(info, "a BpfMap comes from BpfObject.map or BpfMap.openPinned")) {
  uint32_t length = sizeof(info_);
  if (bpf_obj_get_info_by_fd(fd_.get(), &info_, &length) != 0) throw SystemError(info.Env(), errno, "read map info");
  value_bytes_ = info_.value_size;
  if (!IsPerCpu(info_.type)) return;
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) throw SystemError(info.Env(), cpus, "count possible CPUs");
  value_bytes_ = (value_bytes_ + 7) / 8 * 8 * static_cast<size_t>(cpus);
}

BpfMap& BpfMap::From(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(StateOf(env).map.Value())) {
    throw Napi::TypeError::New(env, "map: expected a BpfMap");
  }
  BpfMap* map = Unwrap(value.As<Napi::Object>());
  map->RequireOpen(env);
  return *map;
}

Napi::Value BpfMap::OpenPinned(const Napi::CallbackInfo& info) {
  const std::string path = TextArgument(info, 0, "path");
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd.valid()) throw SystemError(info.Env(), errno, "open pinned map " + path);
  return NewHandle(info.Env(), StateOf(info.Env()).map, std::move(fd));
}

Napi::Value BpfMap::Info(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("id", info_.id);
  result.Set("name", static_cast<const char*>(info_.name));
  result.Set("type", info_.type);
  result.Set("keySize", info_.key_size);
  result.Set("valueSize", info_.value_size);
  result.Set("valueBytes", static_cast<double>(value_bytes()));
  result.Set("maxEntries", info_.max_entries);
  result.Set("flags", info_.map_flags);
  result.Set("memoryBytes", MemoryBytes(fd_.get()));
  return result;
}

Napi::Value BpfMap::Lookup(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const void* key = SizedArgument(info, 0, "key", info_.key_size);
  Napi::Uint8Array value = NewBytes(info.Env(), value_bytes());
  if (bpf_map_lookup_elem(fd_.get(), key, value.Data()) == 0) return value;
  if (errno == ENOENT) return info.Env().Undefined();
  throw SystemError(info.Env(), errno, Attempt("look up in"));
}

Napi::Value BpfMap::Update(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const void* key = SizedArgument(info, 0, "key", info_.key_size);
  const void* value = SizedArgument(info, 1, "value", value_bytes());
  if (bpf_map_update_elem(fd_.get(), key, value, BPF_ANY) != 0) throw SystemError(info.Env(), errno, Attempt("update"));
  return info.Env().Undefined();
}

Napi::Value BpfMap::UpdateBatch(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const uint32_t wanted = NumberArgument(info, 2, "count");
  const void* keys = SizedArgument(info, 0, "keys", static_cast<size_t>(info_.key_size) * wanted);
  const void* values = SizedArgument(info, 1, "values", value_bytes() * wanted);
  uint32_t done = wanted;
  if (wanted == 0 || bpf_map_update_batch(fd_.get(), keys, values, &done, nullptr) == 0) return info.Env().Undefined();
  const int error = errno;
  throw SystemError(info.Env(), error, Attempt("update") + " after " + std::to_string(done) + " of " + std::to_string(wanted) + " entries");
}

Napi::Value BpfMap::Delete(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const void* key = SizedArgument(info, 0, "key", info_.key_size);
  if (bpf_map_delete_elem(fd_.get(), key) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno == ENOENT) return Napi::Boolean::New(info.Env(), false);
  throw SystemError(info.Env(), errno, Attempt("delete from"));
}

Napi::Value BpfMap::NextKey(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const void* key = info[0].IsUndefined() ? nullptr : SizedArgument(info, 0, "key", info_.key_size);
  Napi::Uint8Array next = NewBytes(info.Env(), info_.key_size);
  if (bpf_map_get_next_key(fd_.get(), key, next.Data()) == 0) return next;
  if (errno == ENOENT) return info.Env().Undefined();
  throw SystemError(info.Env(), errno, Attempt("list keys of"));
}

// (cursor | undefined, limit) -> { keys, values, count, cursor | undefined }. A hash map answers by whole buckets, so
// ENOSPC (one bucket has more than `limit` entries) is for the caller to try again with more.
Napi::Value BpfMap::ReadBatch(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const Napi::Env env = info.Env();
  const size_t cursor_size = std::max<size_t>(info_.key_size, sizeof(uint64_t));
  const void* from = info[0].IsUndefined() ? nullptr : SizedArgument(info, 0, "cursor", cursor_size);
  const uint32_t limit = NumberArgument(info, 1, "limit");
  std::vector<uint8_t> start(cursor_size);
  if (from != nullptr) memcpy(start.data(), from, cursor_size);
  std::vector<uint8_t> keys(static_cast<size_t>(limit) * info_.key_size);
  std::vector<uint8_t> values(value_bytes() * limit);
  Napi::Uint8Array cursor = NewBytes(env, cursor_size);
  uint32_t count = limit;
  const int failed =
      bpf_map_lookup_batch(fd_.get(), from != nullptr ? start.data() : nullptr, cursor.Data(), keys.data(), values.data(), &count, nullptr);
  const bool last = failed != 0 && errno == ENOENT;
  if (failed != 0 && !last) throw SystemError(env, errno, Attempt("read"));

  const size_t key_total = static_cast<size_t>(count) * info_.key_size;
  Napi::Uint8Array out_keys = NewBytes(env, key_total);
  Napi::Uint8Array out_values = NewBytes(env, value_bytes() * count);
  if (count > 0) {
    memcpy(out_keys.Data(), keys.data(), key_total);
    memcpy(out_values.Data(), values.data(), value_bytes() * count);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("keys", out_keys);
  result.Set("values", out_values);
  result.Set("count", count);
  result.Set("cursor", last ? env.Undefined() : Napi::Value(cursor));
  return result;
}

// The bytes of a variable in the map of a data section, found by the map's own type information.
Napi::Value BpfMap::ReadVariable(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const Napi::Env env = info.Env();
  const std::string name = TextArgument(info, 0, "name");
  LogCapture quiet;
  const std::unique_ptr<btf, BtfFree> types(btf__load_from_kernel_by_id(info_.btf_id));
  if (types == nullptr) throw SystemError(env, errno, Attempt("read the types of"));
  const btf_type* section = btf__type_by_id(types.get(), info_.btf_value_type_id);
  if (section == nullptr || !btf_is_datasec(section)) throw SystemError(env, EINVAL, Attempt("find variables in"));
  const btf_var_secinfo* variable = btf_var_secinfos(section);
  for (int index = 0; index < btf_vlen(section); index++, variable++) {
    const btf_type* type = btf__type_by_id(types.get(), variable->type);
    if (name != btf__name_by_offset(types.get(), type->name_off)) continue;
    std::vector<uint8_t> content(value_bytes());
    const uint32_t key = 0;
    if (variable->offset + variable->size > content.size()) break;
    if (bpf_map_lookup_elem(fd_.get(), &key, content.data()) != 0) throw SystemError(env, errno, Attempt("look up in"));
    Napi::Uint8Array bytes = NewBytes(env, variable->size);
    memcpy(bytes.Data(), content.data() + variable->offset, variable->size);
    return bytes;
  }
  return env.Undefined();
}

Napi::Value BpfMap::Pin(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const std::string path = TextArgument(info, 0, "path");
  if (bpf_obj_pin(fd_.get(), path.c_str()) != 0) throw SystemError(info.Env(), errno, Attempt("pin") + " at " + path);
  return info.Env().Undefined();
}

Napi::Value BpfMap::Close(const Napi::CallbackInfo& info) {
  fd_.Reset();
  return info.Env().Undefined();
}

void BpfMap::RequireOpen(Napi::Env env) const {
  if (!fd_.valid()) throw SystemError(env, EBADF, Attempt("use closed"));
}

std::string BpfMap::Attempt(const char* verb) const {
  return std::string(verb) + " map " + info_.name;
}

}  // namespace ringfence
