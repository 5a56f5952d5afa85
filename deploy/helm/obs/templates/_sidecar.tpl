{{/*
The collector as a native sidecar, for the pods of another chart. That chart depends on this one, with
`collector.enabled: false`, and includes four templates in its pod template:

  metadata:
    labels:
      {{- include "obs.sidecar.labels" .Subcharts.obs | nindent 8 }}
    annotations:
      {{- include "obs.sidecar.annotations" .Subcharts.obs | nindent 8 }}
  spec:
    initContainers:
      {{- include "obs.sidecar" .Subcharts.obs | nindent 8 }}
    volumes:
      {{- include "obs.sidecar.volumes" .Subcharts.obs | nindent 8 }}

It starts before the application and stops after it, and it does not keep a Job from completing. Its
only probe can restart nothing but the collector: a sidecar that is not ready would take the whole pod
out of service.
*/}}
{{- define "obs.sidecar" -}}
{{- $container := include "obs.container" (dict "root" . "settings" .Values.sidecar "env" (merge (dict) .Values.sidecar.env .Values.env) "port" "obs-metrics") -}}
- restartPolicy: Always
  {{- $container | nindent 2 }}
{{- end -}}

{{/* Survives a restart of the container, but not of the pod: error budgets then start again. */}}
{{- define "obs.sidecar.volumes" -}}
{{ include "obs.volumes" (dict "root" . "mode" "0444") }}
{{ include "obs.stateVolume" . }}
{{- end -}}

{{- define "obs.sidecar.labels" -}}
obs: sidecar
{{- end -}}

{{- define "obs.sidecar.annotations" -}}
checksum/obs-spec: {{ include "obs.specChecksum" . }}
{{- end -}}
