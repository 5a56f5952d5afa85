{{/* The pod of a collector of its own. */}}
{{- define "obs.pod" -}}
serviceAccountName: {{ include "obs.serviceAccountName" . }}
# obs calls Kubernetes only to keep a Lease.
automountServiceAccountToken: {{ .Values.collector.kubernetesLease }}
enableServiceLinks: false
terminationGracePeriodSeconds: 15 # the state is saved within a second
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . }}}
  {{- end }}
{{- end }}
containers:
  - {{ include "obs.container" (dict "root" . "settings" .Values.collector "env" .Values.env "port" "metrics") | nindent 4 | trim }}
    # In a pod of its own readiness may say that a source does not answer: no other traffic depends
    # on it, and /metrics is scraped all the same.
    readinessProbe:
      {{- include "obs.probe" (dict "root" . "port" "metrics" "path" "/readyz") | nindent 6 }}
      periodSeconds: 10
      timeoutSeconds: 3
volumes:
  {{- include "obs.volumes" (dict "root" . "mode" "0440") | nindent 2 }}
  {{- if not .Values.persistence.enabled }}
  {{- include "obs.stateVolume" . | nindent 2 }}
  {{- end }}
  {{- with .Values.collector.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.collector }}
{{- with .affinity | default (include "obs.antiAffinity" $ | fromYaml) }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $field := list "nodeSelector" "tolerations" "topologySpreadConstraints" "priorityClassName" }}
{{- with index $.Values.collector $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Replicas on different nodes: if possible (soft), or always (hard). */}}
{{- define "obs.antiAffinity" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (merge (dict "app.kubernetes.io/component" "collector") (include "obs.selector" . | fromYaml))) -}}
{{- if and (gt (include "obs.collectors" . | int) 1) (ne .Values.collector.antiAffinity "none") -}}
podAntiAffinity:
  {{- if eq .Values.collector.antiAffinity "hard" }}
  requiredDuringSchedulingIgnoredDuringExecution:
    - {{ toYaml $term | nindent 6 | trim }}
  {{- else }}
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        {{- toYaml $term | nindent 8 }}
  {{- end }}
{{- end -}}
{{- end -}}
