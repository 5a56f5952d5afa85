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
{{- $data := dict -}}
{{- with .Values.spec -}}
{{- $_ := set $data "obs.yaml" (toYaml . | printf "%s\n") -}}
{{- end -}}
{{- range $name, $text := .Values.specFiles -}}
{{- $_ := set $data ($name | replace "/" "__") $text -}}
{{- end -}}
{{- toYaml $data -}}
{{- end -}}

{{/* Changes whenever the spec does, so that pods restart; of a foreign ConfigMap only its name. */}}
{{- define "obs.specChecksum" -}}
{{- printf "%s%s" (include "obs.specConfigMap" .) (include "obs.specData" .) | sha256sum -}}
{{- end -}}
