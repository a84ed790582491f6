#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <cstring>

#include "error.h"
#include "log.h"
#include "map.h"
#include "program.h"
#include "state.h"

namespace ringfence {

namespace {

/** libbpf cuts the object's name into those of its data sections ("engine_b.rodata"): the section is what counts. */
std::string MapName(const bpf_map* map) {
  const std::string name = bpf_map__name(map);
  const size_t dot = name.find('.');
  return bpf_map__is_internal(map) && dot != std::string::npos ? name.substr(dot) : name;
}

}  // namespace

void BpfObject::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("BpfObject", DefineClass(env, "BpfObject",
                                       {
                                           InstanceMethod<&BpfObject::Maps>("maps"),
                                           InstanceMethod<&BpfObject::Programs>("programs"),
                                           InstanceMethod<&BpfObject::ReadOnlyVariable>("readOnlyVariable"),
                                           InstanceMethod<&BpfObject::SetReadOnlyVariable>("setReadOnlyVariable"),
                                           InstanceMethod<&BpfObject::SetMaxEntries>("setMaxEntries"),
                                           InstanceMethod<&BpfObject::SetAutocreate>("setAutocreate"),
                                           InstanceMethod<&BpfObject::SetAutoload>("setAutoload"),
                                           InstanceMethod<&BpfObject::ReuseMap>("reuseMap"),
                                           InstanceMethod<&BpfObject::Load>("load"),
                                           InstanceMethod<&BpfObject::Map>("map"),
                                           InstanceMethod<&BpfObject::Program>("program"),
                                           InstanceMethod<&BpfObject::Close>("close"),
                                       }));
}

BpfObject::BpfObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BpfObject>(info) {
  path_ = TextArgument(info, 0, "path");
  LogCapture log;
  object_.reset(bpf_object__open_file(path_.c_str(), nullptr));
  if (object_ == nullptr) throw SystemError(info.Env(), errno, "open object " + path_, log.text());
}

Napi::Value BpfObject::Maps(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  Napi::Array result = Napi::Array::New(info.Env());
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", MapName(map));
    entry.Set("internal", bpf_map__is_internal(map));
    entry.Set("type", static_cast<uint32_t>(bpf_map__type(map)));
    entry.Set("keySize", bpf_map__key_size(map));
    entry.Set("valueSize", bpf_map__value_size(map));
    entry.Set("maxEntries", bpf_map__max_entries(map));
    entry.Set("flags", bpf_map__map_flags(map));
    entry.Set("autocreate", bpf_map__autocreate(map));
    result.Set(result.Length(), entry);
  }
  return result;
}

Napi::Value BpfObject::Programs(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  Napi::Array result = Napi::Array::New(info.Env());
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", bpf_program__name(program));
    entry.Set("section", bpf_program__section_name(program));
    entry.Set("type", static_cast<uint32_t>(bpf_program__type(program)));
    entry.Set("autoload", bpf_program__autoload(program));
    result.Set(result.Length(), entry);
  }
  return result;
}

Napi::Value BpfObject::ReadOnlyVariable(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  const Variable variable = FindVariable(info);
  if (variable.data == nullptr) return info.Env().Undefined();
  Napi::Uint8Array bytes = NewBytes(info.Env(), variable.size);
  memcpy(bytes.Data(), variable.data, variable.size);
  return bytes;
}

Napi::Value BpfObject::SetReadOnlyVariable(const Napi::CallbackInfo& info) {
  RequireUnloaded(info.Env());
  const Variable variable = FindVariable(info);
  if (variable.data == nullptr) throw SystemError(info.Env(), ENOENT, "set read-only variable " + TextArgument(info, 0, "name"));
  memcpy(variable.data, SizedArgument(info, 1, "value", variable.size), variable.size);
  return info.Env().Undefined();
}

Napi::Value BpfObject::SetMaxEntries(const Napi::CallbackInfo& info) {
  RequireUnloaded(info.Env());
  bpf_map* map = FindMap(info);
  const int error = bpf_map__set_max_entries(map, NumberArgument(info, 1, "count"));
  if (error != 0) throw SystemError(info.Env(), error, "size map " + MapName(map));
  return info.Env().Undefined();
}

Napi::Value BpfObject::SetAutocreate(const Napi::CallbackInfo& info) {
  RequireUnloaded(info.Env());
  bpf_map* map = FindMap(info);
  const int error = bpf_map__set_autocreate(map, BooleanArgument(info, 1, "autocreate"));
  if (error != 0) throw SystemError(info.Env(), error, "choose map " + MapName(map));
  return info.Env().Undefined();
}

Napi::Value BpfObject::SetAutoload(const Napi::CallbackInfo& info) {
  RequireUnloaded(info.Env());
  bpf_program* program = FindProgram(info);
  const int error = bpf_program__set_autoload(program, BooleanArgument(info, 1, "autoload"));
  if (error != 0) throw SystemError(info.Env(), error, std::string("choose program ") + bpf_program__name(program));
  return info.Env().Undefined();
}

// libbpf takes the definition of a reused map from the kernel: whoever reuses compares first.
Napi::Value BpfObject::ReuseMap(const Napi::CallbackInfo& info) {
  RequireUnloaded(info.Env());
  bpf_map* map = FindMap(info);
  const BpfMap& present = BpfMap::From(info[1]);
  const bpf_map_info& have = present.info();
  if (have.type != bpf_map__type(map) || have.key_size != bpf_map__key_size(map) || have.value_size != bpf_map__value_size(map)) {
    throw SystemError(info.Env(), EINVAL, "reuse map " + MapName(map) + ", whose type or sizes differ");
  }
  const int error = bpf_map__reuse_fd(map, present.fd());
  if (error != 0) throw SystemError(info.Env(), error, "reuse map " + MapName(map));
  return info.Env().Undefined();
}

Napi::Value BpfObject::Load(const Napi::CallbackInfo& info) {
  RequireUnloaded(info.Env());
  LogCapture log;
  const int error = bpf_object__load(object_.get());
  if (error != 0) throw SystemError(info.Env(), error, "load object " + path_, log.text());
  loaded_ = true;
  return info.Env().Undefined();
}

Napi::Value BpfObject::Map(const Napi::CallbackInfo& info) {
  const bpf_map* map = FindMap(info);
  const int fd = bpf_map__fd(map);
  if (fd < 0) throw SystemError(info.Env(), fd, "use map " + MapName(map));
  Fd copy = Fd::Copy(fd);
  if (!copy.valid()) throw SystemError(info.Env(), errno, "use map " + MapName(map));
  return NewHandle(info.Env(), StateOf(info.Env()).map, std::move(copy));
}

Napi::Value BpfObject::Program(const Napi::CallbackInfo& info) {
  const bpf_program* program = FindProgram(info);
  const std::string attempt = std::string("use program ") + bpf_program__name(program);
  const int fd = bpf_program__fd(program);
  if (fd < 0) throw SystemError(info.Env(), fd, attempt);
  ProgramSeed seed{Fd::Copy(fd), true, bpf_program__expected_attach_type(program)};
  if (!seed.fd.valid()) throw SystemError(info.Env(), errno, attempt);
  return NewHandle(info.Env(), StateOf(info.Env()).program, std::move(seed));
}

Napi::Value BpfObject::Close(const Napi::CallbackInfo& info) {
  object_.reset();
  return info.Env().Undefined();
}

void BpfObject::RequireOpen(Napi::Env env) const {
  if (object_ == nullptr) throw SystemError(env, EBADF, "use closed object " + path_);
}

void BpfObject::RequireUnloaded(Napi::Env env) const {
  RequireOpen(env);
  if (loaded_) throw SystemError(env, EBUSY, "adjust loaded object " + path_);
}

bpf_map* BpfObject::FindMap(const Napi::CallbackInfo& info) const {
  RequireOpen(info.Env());
  const std::string name = TextArgument(info, 0, "name");
  bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
  if (map == nullptr) throw SystemError(info.Env(), ENOENT, "find map " + name);
  return map;
}

bpf_program* BpfObject::FindProgram(const Napi::CallbackInfo& info) const {
  RequireOpen(info.Env());
  const std::string name = TextArgument(info, 0, "name");
  bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
  if (program == nullptr) throw SystemError(info.Env(), ENOENT, "find program " + name);
  return program;
}

// A variable of .rodata where libbpf keeps it before loading; the kernel gets a copy.
BpfObject::Variable BpfObject::FindVariable(const Napi::CallbackInfo& info) const {
  const std::string name = TextArgument(info, 0, "name");
  const btf* types = bpf_object__btf(object_.get());
  const bpf_map* map = bpf_object__find_map_by_name(object_.get(), ".rodata");
  const int section_id = types != nullptr ? btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC) : -ENOENT;
  if (map == nullptr || section_id < 0) return {nullptr, 0};
  size_t total = 0;
  auto* data = static_cast<uint8_t*>(const_cast<void*>(static_cast<const void*>(bpf_map__initial_value(const_cast<bpf_map*>(map), &total))));
  const btf_type* section = btf__type_by_id(types, static_cast<uint32_t>(section_id));
  const btf_var_secinfo* entry = btf_var_secinfos(section);
  for (int index = 0; index < btf_vlen(section); index++, entry++) {
    const btf_type* type = btf__type_by_id(types, entry->type);
    if (name != btf__name_by_offset(types, type->name_off)) continue;
    if (data == nullptr || entry->offset + entry->size > total) break;
    return {data + entry->offset, entry->size};
  }
  return {nullptr, 0};
}

}  // namespace ringfence
