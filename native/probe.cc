#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <string>
#include <vector>

#include "error.h"
#include "fd.h"
#include "log.h"

namespace ringfence {

namespace {

struct Target {
  const char* section;
  const char* prefix;
  uint32_t kind;
};

/** How the thing that a section attaches to is named in the kernel's BTF. */
constexpr Target kTargets[] = {
    {"lsm.s/", "bpf_lsm_", BTF_KIND_FUNC},       {"lsm/", "bpf_lsm_", BTF_KIND_FUNC}, {"tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF},
    {"iter/", "bpf_iter_", BTF_KIND_FUNC},       {"fentry/", "", BTF_KIND_FUNC},      {"fexit/", "", BTF_KIND_FUNC},
};

int FindTarget(const btf* types, const std::string& section) {
  for (const Target& target : kTargets) {
    const std::string start = target.section;
    if (section.compare(0, start.size(), start) != 0) continue;
    return btf__find_by_name_kind(types, (target.prefix + section.substr(start.size())).c_str(), target.kind);
  }
  return -EINVAL;
}

}  // namespace

void KernelTypes::Define(Napi::Env env, Napi::Object exports) {
  exports.Set("KernelTypes", DefineClass(env, "KernelTypes",
                                         {
                                             InstanceMethod<&KernelTypes::TargetId>("targetId"),
                                             InstanceMethod<&KernelTypes::TargetArity>("targetArity"),
                                             InstanceMethod<&KernelTypes::HasFunction>("hasFunction"),
                                             InstanceMethod<&KernelTypes::MemberOffset>("memberOffset"),
                                             InstanceMethod<&KernelTypes::TryProgram>("tryProgram"),
                                         }));
}

KernelTypes::KernelTypes(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KernelTypes>(info) {
  LogCapture log;
  types_.reset(btf__load_vmlinux_btf());
  if (types_ == nullptr) throw SystemError(info.Env(), errno, "read the kernel's type information (BTF)", log.text());
}

// (section name) -> BTF id of what it attaches to; 0: this kernel has no such thing.
Napi::Value KernelTypes::TargetId(const Napi::CallbackInfo& info) {
  const std::string section = TextArgument(info, 0, "section");
  const int id = FindTarget(types_.get(), section);
  if (id == -EINVAL) throw SystemError(info.Env(), EINVAL, "find the target of section " + section);
  return Napi::Number::New(info.Env(), id > 0 ? id : 0);
}

// (section name) -> how many arguments the function it attaches to has; undefined unless that is a function.
Napi::Value KernelTypes::TargetArity(const Napi::CallbackInfo& info) {
  const std::string section = TextArgument(info, 0, "section");
  const int id = FindTarget(types_.get(), section);
  if (id <= 0) return info.Env().Undefined();
  const btf_type* function = btf__type_by_id(types_.get(), static_cast<uint32_t>(id));
  if (!btf_is_func(function)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), btf_vlen(btf__type_by_id(types_.get(), function->type)));
}

Napi::Value KernelTypes::HasFunction(const Napi::CallbackInfo& info) {
  const std::string name = TextArgument(info, 0, "name");
  return Napi::Boolean::New(info.Env(), btf__find_by_name_kind(types_.get(), name.c_str(), BTF_KIND_FUNC) > 0);
}

// (struct, member, module | undefined) -> byte offset, or undefined. A module's types need the module loaded.
Napi::Value KernelTypes::MemberOffset(const Napi::CallbackInfo& info) {
  const std::string type_name = TextArgument(info, 0, "struct");
  const std::string member_name = TextArgument(info, 1, "member");
  std::unique_ptr<btf, Free> module;
  const btf* types = types_.get();
  if (!info[2].IsUndefined()) {
    LogCapture quiet;
    module.reset(btf__load_module_btf(TextArgument(info, 2, "module").c_str(), types_.get()));
    if (module == nullptr) return info.Env().Undefined();
    types = module.get();
  }
  const int id = btf__find_by_name_kind(types, type_name.c_str(), BTF_KIND_STRUCT);
  if (id < 0) return info.Env().Undefined();
  const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(id));
  const btf_member* member = btf_members(type);
  for (uint32_t index = 0; index < btf_vlen(type); index++, member++) {
    if (member_name != btf__name_by_offset(types, member->name_off)) continue;
    return Napi::Number::New(info.Env(), btf_member_bit_offset(type, index) / 8);
  }
  return info.Env().Undefined();
}

// (section name) -> undefined when the kernel loads a program of two instructions for it, else what it said.
Napi::Value KernelTypes::TryProgram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string section = TextArgument(info, 0, "section");
  bpf_prog_type type{};
  bpf_attach_type attach_type{};
  LogCapture capture;
  if (libbpf_prog_type_by_name(section.c_str(), &type, &attach_type) != 0) throw SystemError(env, EINVAL, "try section " + section);
  std::vector<char> log(16 * 1024);
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = attach_type;
  options.log_buf = log.data();
  options.log_size = static_cast<uint32_t>(log.size());
  options.log_level = 1;
  if (type == BPF_PROG_TYPE_SYSCALL || section.compare(0, 6, "lsm.s/") == 0) options.prog_flags |= BPF_F_SLEEPABLE;
  int error = 0;
  if (type == BPF_PROG_TYPE_LSM || type == BPF_PROG_TYPE_TRACING) {
    const int target = FindTarget(types_.get(), section);
    if (target <= 0) error = ENOENT;
    options.attach_btf_id = target > 0 ? static_cast<uint32_t>(target) : 0;
  }
  if (error == 0) {
    const bpf_insn return_zero[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    };
    const Fd program(bpf_prog_load(type, "rf_probe", "GPL", return_zero, 2, &options));
    if (program.valid()) return env.Undefined();
    error = errno;
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("errno", ErrnoName(error));
  result.Set("log", Napi::String::New(env, log.data()));
  return result;
}

}  // namespace ringfence
