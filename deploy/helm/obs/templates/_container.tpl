{{/*
The container of a collector, its environment and its volumes: the same in a pod of its own and as a
sidecar. Arguments are a dict: root, the chart's context; settings, .Values.collector or .Values.sidecar;
env; port, the name of its port.
*/}}
{{- define "obs.container" -}}
name: obs
image: {{ include "obs.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args:
  - collect
  {{- range .settings.only }}
  - --only={{ . }}
  {{- end }}
  {{- with .root.Values.environment }}
  - {{ printf "--env=%s" . | quote }}
  {{- end }}
  {{- if gt (int .settings.shards) 1 }}
  - --shard=pod/{{ .settings.shards }}
  {{- end }}
  - --listen=0.0.0.0:9464
  {{- with .settings.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- include "obs.env" . }}
ports:
  - {name: {{ .port }}, containerPort: 9464}
# Restarts a process that hangs. A restart does not help if NATS or AWS is unreachable.
livenessProbe:
  {{- include "obs.probe" (dict "root" .root "port" .port "path" "/healthz") | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
resources:
  {{- toYaml .settings.resources | nindent 2 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
volumeMounts:
  - {name: obs-spec, mountPath: /etc/obs, readOnly: true}
  - {name: obs-state, mountPath: /var/lib/obs}
  {{- if .root.Values.secretFiles }}
  - {name: obs-secrets, mountPath: /run/secrets/obs, readOnly: true}
  {{- end }}
  {{- with .settings.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "obs.probe" -}}
{{- if .root.Values.web.protected -}}
tcpSocket: {port: {{ .port }}}
{{- else -}}
httpGet: {path: {{ .path }}, port: {{ .port }}, scheme: {{ upper .root.Values.web.scheme }}}
{{- end -}}
{{- end -}}

{{- define "obs.env" -}}
{{- range $name, $value := .env -}}
{{- if and (regexMatch "(?i)(password|passwd|token|secret|secret_access_key|api_?key|private_key|credentials)$" $name) $value -}}
{{- fail (printf "env.%s: looks like a secret; put it into a Secret and name that in secretFiles or secretVariables" $name) -}}
{{- end -}}
{{- if hasKey $.root.Values.secretVariables $name -}}
{{- fail (printf "env.%s: is in secretVariables too" $name) -}}
{{- end -}}
{{- end -}}
{{- if or .env .root.Values.secretVariables }}
env:
  {{- range $name, $value := .env }}
  - {name: {{ $name }}, value: {{ $value | toString | quote }}}
  {{- end }}
  {{- range $name, $from := .root.Values.secretVariables }}
  - name: {{ $name }}
    valueFrom:
      secretKeyRef: {name: {{ $from.secret }}, key: {{ $from.key | quote }}}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The volumes but that of the state. mode: of the secrets' files, which must be readable by the
collector's user where the pod has no fsGroup. */}}
{{- define "obs.volumes" -}}
- name: obs-spec
  configMap:
    name: {{ include "obs.specConfigMap" .root }}
    {{- if contains "/" (keys .root.Values.specFiles | join " ") }}
    items:
      {{- range $name, $_ := .root.Values.specFiles }}
      - {key: {{ $name | replace "/" "__" | quote }}, path: {{ $name | quote }}}
      {{- end }}
    {{- end }}
{{- if .root.Values.secretFiles }}
- name: obs-secrets
  projected:
    defaultMode: {{ .mode }}
    sources:
      {{- range $file, $from := .root.Values.secretFiles }}
      - secret:
          name: {{ $from.secret }}
          items: [{key: {{ $from.key | quote }}, path: {{ $file | quote }}}]
      {{- end }}
{{- end }}
{{- end -}}

{{- define "obs.stateVolume" -}}
- name: obs-state
  emptyDir: {sizeLimit: 256Mi}
{{- end -}}
