{{- /* What differs in the pod between an agent and its removal: all below `spec` that speaks of containers. */ -}}
{{- define "ringfence.agent" -}}
# The kernel speaks of processes by their ids on the host.
hostPID: true
initContainers:
  # The BPF file system has to outlive the pod, so it is mounted on the host. Only a privileged container may pass a mount on to it.
  - name: mount
    image: {{ include "ringfence.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    command: [/usr/bin/ringfence-pod, mount, /run/ringfence]
    securityContext:
      privileged: true
      readOnlyRootFilesystem: true
    volumeMounts:
      - {name: run, mountPath: /run/ringfence, mountPropagation: Bidirectional}
containers:
  - name: agent
    image: {{ include "ringfence.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      - run
      - --cluster
      - --node=$(NODE_NAME)
      - --install-namespace=$(POD_NAMESPACE)
      - --system-namespaces={{ join "," .Values.systemNamespaces }}
      - --log-level={{ .Values.agent.logLevel }}
      {{- with .Values.agent.extraArgs }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    env:
      - name: NODE_NAME
        valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
      - name: POD_NAMESPACE
        valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    securityContext:
      runAsUser: 0
      privileged: false
      readOnlyRootFilesystem: true
      appArmorProfile: {type: Unconfined}
      seccompProfile: {type: RuntimeDefault}
      capabilities:
        drop: [ALL]
        add:
          # Loading programs, tracing, and the map and program ids that CAP_BPF alone does not open.
          - BPF
          - PERFMON
          - SYS_ADMIN
          # Maps beyond the locked memory limit on kernels that still count them there.
          - SYS_RESOURCE
          # Names and roots of processes that are not ours.
          - SYS_PTRACE
          - DAC_READ_SEARCH
    # Long, for nodes that have other things to do while they start; the kernel enforces meanwhile.
    startupProbe:
      exec: {command: [/usr/bin/ringfence-pod, healthz, /run/ringfence]}
      initialDelaySeconds: 3
      periodSeconds: 10
      timeoutSeconds: 10
      failureThreshold: 60
    livenessProbe:
      exec: {command: [/usr/bin/ringfence-pod, healthz, /run/ringfence]}
      periodSeconds: 60
      timeoutSeconds: 20
      failureThreshold: 3
    readinessProbe:
      exec: {command: [/usr/bin/ringfence-pod, readyz, /run/ringfence]}
      periodSeconds: 30
      timeoutSeconds: 20
    resources: {{- toYaml .Values.agent.resources | nindent 6 }}
    volumeMounts:
      - {name: run, mountPath: /run/ringfence, mountPropagation: HostToContainer}
      - {name: state, mountPath: /var/lib/ringfence}
      - {name: tmp, mountPath: /tmp}
      # Written to for one thing: containers that nobody knows yet are frozen.
      - {name: cgroup, mountPath: /sys/fs/cgroup}
      - {name: security, mountPath: /sys/kernel/security, readOnly: true}
      # Where the runtimes keep what says which container a cgroup is.
      - {name: containerd, mountPath: /run/containerd, readOnly: true, mountPropagation: HostToContainer}
      - {name: containers, mountPath: /run/containers, readOnly: true, mountPropagation: HostToContainer}
volumes:
  - name: run
    hostPath: {path: /run/ringfence, type: DirectoryOrCreate}
  - name: state
    hostPath: {path: /var/lib/ringfence, type: DirectoryOrCreate}
  - name: tmp
    emptyDir: {medium: Memory, sizeLimit: 16Mi}
  - name: cgroup
    hostPath: {path: /sys/fs/cgroup, type: Directory}
  - name: security
    hostPath: {path: /sys/kernel/security, type: Directory}
  - name: containerd
    hostPath: {path: /run/containerd, type: DirectoryOrCreate}
  - name: containers
    hostPath: {path: /run/containers, type: DirectoryOrCreate}
{{- end }}

{{- /*
Takes Ringfence off a node: the pod comes in the place of the agent, which has ended. The folders themselves go, so that it mounts what they lie in; privileged, since
only then an unmount reaches the node.
*/ -}}
{{- define "ringfence.removal" -}}
initContainers:
  - name: remove
    image: {{ include "ringfence.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      - uninstall
      - --run-dir=/host/run/ringfence
      {{- if .Values.agent.removeState }}
      - --state=/host/lib/ringfence
      {{- end }}
    securityContext:
      privileged: true
      readOnlyRootFilesystem: true
    volumeMounts:
      - {name: run, mountPath: /host/run, mountPropagation: Bidirectional}
      - {name: lib, mountPath: /host/lib}
      - {name: tmp, mountPath: /tmp}
      - {name: cgroup, mountPath: /sys/fs/cgroup}
containers:
  - name: agent
    image: {{ include "ringfence.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    command: [/usr/bin/ringfence-pod, wait]
    securityContext:
      runAsUser: 65532
      runAsNonRoot: true
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    resources: {{- toYaml .Values.agent.resources | nindent 6 }}
volumes:
  - name: run
    hostPath: {path: /run, type: Directory}
  - name: lib
    hostPath: {path: /var/lib, type: Directory}
  - name: tmp
    emptyDir: {medium: Memory, sizeLimit: 16Mi}
  - name: cgroup
    hostPath: {path: /sys/fs/cgroup, type: Directory}
{{- end }}
