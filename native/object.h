// A BPF object file: opened, adjusted, loaded, and then the source of its maps and programs.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>

namespace ringfence {

class BpfObject : public Napi::ObjectWrap<BpfObject> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);
  explicit BpfObject(const Napi::CallbackInfo& info);

 private:
  struct Close_ {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  struct Variable {
    uint8_t* data;
    size_t size;
  };

  Napi::Value Maps(const Napi::CallbackInfo& info);
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value ReadOnlyVariable(const Napi::CallbackInfo& info);
  Napi::Value SetReadOnlyVariable(const Napi::CallbackInfo& info);
  Napi::Value SetMaxEntries(const Napi::CallbackInfo& info);
  Napi::Value SetAutocreate(const Napi::CallbackInfo& info);
  Napi::Value SetAutoload(const Napi::CallbackInfo& info);
  Napi::Value ReuseMap(const Napi::CallbackInfo& info);
  Napi::Value Load(const Napi::CallbackInfo& info);
  Napi::Value Map(const Napi::CallbackInfo& info);
  Napi::Value Program(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void RequireOpen(Napi::Env env) const;
  void RequireUnloaded(Napi::Env env) const;
  bpf_map* FindMap(const Napi::CallbackInfo& info) const;
  bpf_program* FindProgram(const Napi::CallbackInfo& info) const;
  Variable FindVariable(const Napi::CallbackInfo& info) const;

  std::unique_ptr<bpf_object, Close_> object_;
  std::string path_;
  bool loaded_ = false;
};

}  // namespace ringfence
