{{/* Where the spec comes from: the name of its ConfigMap. Fails unless exactly one is given. */}}
{{- define "obs.specConfigMap" -}}
{{- $given := list -}}
{{- range $field := list "spec" "specFiles" "specConfigMap" -}}
{{- if index $.Values $field }}{{ $given = append $given $field }}{{ end -}}
{{- end -}}
{{- if ne (len $given) 1 -}}
{{- fail (printf "spec: give one of spec, specFiles and specConfigMap; given: %s" (join ", " $given | default "none")) -}}
{{- end -}}
{{- default (printf "%s-spec" (include "obs.fullname" .)) .Values.specConfigMap -}}
{{- end -}}

{{/* The ConfigMap's data. A key has no /, so a folder's name ends in two underscores there. */}}
{{- define "obs.specData" -}}
{{- if .Values.spec }}
obs.yaml: |
  {{- toYaml .Values.spec | nindent 2 }}
{{- end }}
{{- range $name, $text := .Values.specFiles }}
{{ $name | replace "/" "__" | quote }}: {{ $text | quote }}
{{- end }}
{{- end -}}

{{/* Changes whenever the spec does, so that pods restart; of a foreign ConfigMap only its name. */}}
{{- define "obs.specChecksum" -}}
{{- printf "%s%s" (include "obs.specConfigMap" .) (include "obs.specData" .) | sha256sum -}}
{{- end -}}
