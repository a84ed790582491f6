{{- define "ringfence.labels" -}}
app.kubernetes.io/name: ringfence
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: ringfence
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{- define "ringfence.selector" -}}
app.kubernetes.io/name: ringfence
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "ringfence.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
