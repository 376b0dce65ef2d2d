{{/* RELEASE-weir, or RELEASE if it contains the name already. */}}
{{- define "weir.fullname" -}}
{{- if contains "weir" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-weir" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end -}}

{{/* Labels that a selector may use, because they never change. Takes the root and a component. */}}
{{- define "weir.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The same on one line. */}}
{{- define "weir.match" -}}
{{ include "weir.selector" . | fromYaml | toJson }}
{{- end -}}

{{- define "weir.labels" -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* Takes root and, for a service with its own image, image. Such an image's tag is not combined with the common digest. */}}
{{- define "weir.image" -}}
{{- $own := .image | default dict -}}
{{- $image := merge (dict) $own (ternary (omit .root.Values.image "digest") .root.Values.image (or (hasKey $own "tag") (hasKey $own "repository"))) -}}
{{- $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{/* A pod's scheduling and image pull secrets. Takes root and pods. */}}
{{- define "weir.placement" -}}
automountServiceAccountToken: false
# Kubernetes' variables for Services would be read as settings.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .pods.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pods.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The consumer groups of a service in the solutions that run, as JSON {"groups": […]}. Takes root and component. */}}
{{- define "weir.groups" -}}
{{- $component := .component -}}
{{- $chosen := .root.Values.solutions -}}
{{- $groups := list -}}
{{- range $name, $all := merge (dict) .root.Values.customSolutions (.root.Files.Get "files/solutions.json" | fromJson) -}}
{{- if or (not $chosen) (has $name $chosen) }}{{ range $all }}{{ if eq .service $component }}{{ $groups = append $groups . }}{{ end }}{{ end }}{{ end -}}
{{- end -}}
{{- dict "groups" $groups | toJson -}}
{{- end -}}

{{/* The probes of the running solutions, which helm test runs, as JSON {"probes": […]}. Takes root. */}}
{{- define "weir.probes" -}}
{{- $chosen := .root.Values.solutions -}}
{{- $probes := list -}}
{{- range .root.Files.Get "files/probes.json" | fromJsonArray -}}
{{- if or (not $chosen) (has .solution $chosen) }}{{ $probes = append $probes . }}{{ end -}}
{{- end -}}
{{- dict "probes" $probes | toJson -}}
{{- end -}}

{{/* "true" if KEDA scales a service. */}}
{{- define "weir.scaledByLag" -}}
{{- range .Values.services }}{{ if and . (eq (dig "scaling" "by" "none" .) "lag") }}true{{ break }}{{ end }}{{ end -}}
{{- end -}}

{{/* The chart's own servers: those that are enabled and not replaced by an external one. */}}
{{- define "weir.own" -}}
{{- $own := list -}}
{{- if and .Values.kafka.enabled (not .Values.externalKafka.brokers) }}{{ $own = append $own "kafka" }}{{ end -}}
{{- if and .Values.registry.enabled (not .Values.externalRegistry.url) (not .Values.externalRegistry.existingSecret) }}{{ $own = append $own "registry" }}{{ end -}}
{{- if and .Values.redis.enabled (not .Values.externalRedis.existingSecret) }}{{ $own = append $own "redis" }}{{ end -}}
{{- if and .Values.search.enabled (not .Values.externalSearch.url) }}{{ $own = append $own "search" }}{{ end -}}
{{- join "," $own -}}
{{- end -}}

{{- define "weir.brokers" -}}
{{ .Values.externalKafka.brokers | default (printf "%s-kafka:9092" (include "weir.fullname" .)) }}
{{- end -}}

{{- define "weir.registryUrl" -}}
{{ .Values.externalRegistry.url | default (printf "http://%s-registry:8080/apis/ccompat/v7" (include "weir.fullname" .)) }}
{{- end -}}

{{- define "weir.accessSecret" -}}
{{ .Values.access.existingSecret | default (printf "%s-access" (include "weir.fullname" .)) }}
{{- end -}}

{{- define "weir.accountName" -}}
{{ printf "%s-%s" (include "weir.fullname" .root) .component }}
{{- end -}}

{{/* A pod's security context, as the Pod Security Standard `restricted` requires it. */}}
{{- define "weir.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "weir.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* The secrets of a component as files, according to its needs. Takes root, component, needs and keys. */}}
{{- define "weir.secretVolumes" -}}
{{- $values := .root.Values -}}
{{- if has "kafka" .needs }}
{{- with $values.externalKafka.sasl }}{{ if and (ne .mechanism "none") (ne .mechanism "msk-iam") }}
- name: kafka-sasl
  secret: { secretName: {{ required "externalKafka.sasl.existingSecret must name the secret with the passwords." .existingSecret }}, items: [{ key: {{ ternary "password" $.component (ne .username "") }}, path: password }] }
{{- end }}{{ end }}
{{- with $values.externalKafka.tls }}{{ if and .enabled .existingSecret }}
- name: kafka-tls
  secret: { secretName: {{ .existingSecret }} }
{{- end }}{{ end }}
{{- end }}
{{- if and (has "redis" .needs) $values.externalRedis.existingSecret }}
- name: redis
  secret: { secretName: {{ $values.externalRedis.existingSecret }}, items: [{ key: url, path: url }] }
{{- end }}
{{- if and (has "search" .needs) $values.externalSearch.existingSecret }}
- name: search
  secret: { secretName: {{ $values.externalSearch.existingSecret }} }
{{- end }}
{{- if and (has "registry" .needs) $values.externalRegistry.existingSecret }}
- name: registry
  secret: { secretName: {{ $values.externalRegistry.existingSecret }}, items: [{ key: url, path: url }] }
{{- end }}
{{- if .keys }}
- name: access
  secret:
    secretName: {{ include "weir.accessSecret" .root }}
    items: [{ key: {{ $values.access.apiKeysKey }}, path: api-keys.json }, { key: {{ $values.access.accessKeysKey }}, path: access-keys.json }]
{{- end }}
{{- if and (has "kafka" .needs) (eq $values.rack.from "node") }}
- name: rack
  emptyDir: { sizeLimit: 1Mi }
- name: node-reader
  projected:
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3600 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
{{- end }}
{{- end -}}

{{- define "weir.secretMounts" -}}
{{- $values := .root.Values -}}
{{- if has "kafka" .needs }}
{{- with $values.externalKafka.sasl }}{{ if and (ne .mechanism "none") (ne .mechanism "msk-iam") }}
- { name: kafka-sasl, mountPath: /etc/weir/kafka-sasl, readOnly: true }
{{- end }}{{ end }}
{{- with $values.externalKafka.tls }}{{ if and .enabled .existingSecret }}
- { name: kafka-tls, mountPath: /etc/weir/kafka-tls, readOnly: true }
{{- end }}{{ end }}
{{- if eq $values.rack.from "node" }}
- { name: rack, mountPath: /etc/weir/rack, readOnly: true }
{{- end }}
{{- end }}
{{- if and (has "redis" .needs) $values.externalRedis.existingSecret }}
- { name: redis, mountPath: /etc/weir/redis, readOnly: true }
{{- end }}
{{- if and (has "search" .needs) $values.externalSearch.existingSecret }}
- { name: search, mountPath: /etc/weir/search, readOnly: true }
{{- end }}
{{- if and (has "registry" .needs) $values.externalRegistry.existingSecret }}
- { name: registry, mountPath: /etc/weir/registry, readOnly: true }
{{- end }}
{{- if .keys }}
- { name: access, mountPath: /etc/weir/access, readOnly: true }
{{- end }}
{{- end -}}

{{/* The environment that follows from what a component needs. Takes root, component, needs and keys. */}}
{{- define "weir.environment" -}}
{{- $values := .root.Values -}}
{{- $env := dict "LOG_LEVEL" $values.logLevel "AWS_REGION" $values.aws.region "AWS_ACCOUNT_ID" $values.aws.accountId -}}
{{- if $values.solutions }}{{ $_ := set $env "WEIR_SOLUTIONS" (join "," $values.solutions) }}{{ end -}}
{{- if has "kafka" .needs -}}
{{- $_ := set $env "KAFKA_BROKERS" (include "weir.brokers" .root) -}}
{{- $_ := set $env "KAFKA_CLIENT_ID" (printf "weir-%s" .component) -}}
{{- $_ := set $env "KAFKA_REPLICATION" (toString $values.apply.topicReplicas) -}}
{{- with $values.externalKafka.tls }}{{ if .enabled -}}
{{- $_ := set $env "KAFKA_TLS" "true" -}}
{{- if .existingSecret }}{{ $_ := set $env "KAFKA_TLS_CA" "/etc/weir/kafka-tls/ca.crt" }}{{ end -}}
{{- if .client }}{{ $_ := set $env "KAFKA_TLS_CERT" "/etc/weir/kafka-tls/tls.crt" }}{{ $_ := set $env "KAFKA_TLS_KEY" "/etc/weir/kafka-tls/tls.key" }}{{ end -}}
{{- end }}{{ end -}}
{{- with $values.externalKafka.sasl }}{{ if ne .mechanism "none" -}}
{{- $_ := set $env "KAFKA_SASL_MECHANISM" .mechanism -}}
{{- if ne .mechanism "msk-iam" -}}
{{- $_ := set $env "KAFKA_SASL_USERNAME" (.username | default $.component) -}}
{{- $_ := set $env "KAFKA_SASL_PASSWORD_FILE" "/etc/weir/kafka-sasl/password" -}}
{{- end }}{{ end }}{{ end -}}
{{- if eq $values.rack.from "value" }}{{ $_ := set $env "KAFKA_RACK" (required "rack.from is value, so rack.value must name the rack." $values.rack.value) }}{{ end -}}
{{- if eq $values.rack.from "node" }}{{ $_ := set $env "KAFKA_RACK_FILE" "/etc/weir/rack/id" }}{{ end -}}
{{- end -}}
{{- if has "registry" .needs -}}
{{- if $values.externalRegistry.existingSecret }}{{ $_ := set $env "REGISTRY_URL_FILE" "/etc/weir/registry/url" }}
{{- else }}{{ $_ := set $env "REGISTRY_URL" (include "weir.registryUrl" .root) }}{{ end -}}
{{- end -}}
{{- if has "redis" .needs -}}
{{- if $values.externalRedis.existingSecret }}{{ $_ := set $env "REDIS_URL_FILE" "/etc/weir/redis/url" }}
{{- else }}{{ $_ := set $env "REDIS_URL" (printf "redis://%s-redis:6379" (include "weir.fullname" .root)) }}{{ end -}}
{{- end -}}
{{- if has "search" .needs -}}
{{- with $values.externalSearch -}}
{{- $_ := set $env "SEARCH_ENGINE" (ternary .engine "opensearch" (ne .url "")) -}}
{{- $_ := set $env "SEARCH_URL" (.url | default (printf "http://%s-search:9200" (include "weir.fullname" $.root))) -}}
{{- $_ := set $env "SEARCH_REPLICAS" (ternary (toString .replicas) "0" (ne .url "")) -}}
{{- if .existingSecret -}}
{{- $_ := set $env "SEARCH_USERNAME_FILE" "/etc/weir/search/username" -}}
{{- $_ := set $env "SEARCH_PASSWORD_FILE" "/etc/weir/search/password" -}}
{{- if .ca }}{{ $_ := set $env "SEARCH_CA" "/etc/weir/search/ca.crt" }}{{ end -}}
{{- end }}{{ end -}}
{{- end -}}
{{- if .keys -}}
{{- $_ := set $env "API_KEYS_FILE" "/etc/weir/access/api-keys.json" -}}
{{- $_ := set $env "AWS_ACCESS_KEYS_FILE" "/etc/weir/access/access-keys.json" -}}
{{- $_ := set $env "ALLOW_ANONYMOUS" (toString $values.access.anonymous) -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* Writes the node's zone id into a file; only this container has the token. */}}
{{- define "weir.rackContainer" -}}
- name: rack
  image: {{ include "weir.image" (dict "root" .root) | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [/chart/rack.mjs]
  env:
    - { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
    - { name: NODE_LABEL, value: {{ .root.Values.rack.label | quote }} }
    - { name: NODE_EXTRA_CA_CERTS, value: /var/run/node-reader/ca.crt }
  resources: { requests: { cpu: 10m, memory: 48Mi }, limits: { memory: 96Mi } }
  securityContext: {{- include "weir.containerSecurity" .root | nindent 4 }}
  volumeMounts:
    - { name: rack, mountPath: /etc/weir/rack }
    - { name: node-reader, mountPath: /var/run/node-reader, readOnly: true }
    - { name: chart-files, mountPath: /chart, readOnly: true }
{{- end -}}

{{/* "true" if a server of the chart keeps its data in a volume. A running server decides, because claims of a StatefulSet cannot change. Takes root and component. */}}
{{- define "weir.persistent" -}}
{{- $runs := lookup "apps/v1" "StatefulSet" .root.Release.Namespace (include "weir.accountName" .) -}}
{{- with (index .root.Values .component).persistence -}}
{{- if $runs }}{{ if $runs.spec.volumeClaimTemplates }}true{{ end -}}
{{- else if eq .when "always" }}true{{ else if eq .when "auto" -}}
{{- if or .storageClass .volumeName }}true
{{- else }}{{ range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items }}{{ if eq (dig "metadata" "annotations" "storageclass.kubernetes.io/is-default-class" "" .) "true" }}true{{ break }}{{ end }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "weir.volumeClaim" -}}
metadata: { name: data }
spec:
  accessModes: [ReadWriteOnce]
  {{- with .storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  {{- with .volumeName }}
  volumeName: {{ . }}
  {{- if not $.storageClass }}
  storageClassName: ""
  {{- end }}
  {{- end }}
  resources: { requests: { storage: {{ .size }} } }
{{- end -}}

{{/* The ports of an external server, separated by commas: from its address, or from the values if the address is in a secret. Takes root and need. */}}
{{- define "weir.externalPorts" -}}
{{- $values := .root.Values -}}
{{- $ports := list -}}
{{- if eq .need "kafka" -}}
{{- range splitList "," $values.externalKafka.brokers }}{{ $ports = append $ports (regexFind "[0-9]+$" (trim .)) }}{{ end -}}
{{- else if eq .need "redis" }}{{ $ports = $values.externalRedis.ports -}}
{{- else if and (eq .need "registry") $values.externalRegistry.existingSecret }}{{ $ports = $values.externalRegistry.ports -}}
{{- else -}}
{{- range splitList "," (ternary $values.externalRegistry.url $values.externalSearch.url (eq .need "registry")) -}}
{{- $url := urlParse (trim .) -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https"))) -}}
{{- end -}}
{{- end -}}
{{- $ports | uniq | join "," -}}
{{- end -}}

{{/* The port on which pods serve /metrics. No route exposes it, and network policies restrict its clients. */}}
{{- define "weir.metricsPort" -}}
9464
{{- end -}}

{{/* The further ports of a service that are open, by name: those for TLS only with a certificate. Takes the service. */}}
{{- define "weir.ports" -}}
{{- $open := dict -}}
{{- $certificate := dig "tls" "existingSecret" "" . -}}
{{- range $name, $port := .ports }}{{ if or $certificate (not $port.tls) }}{{ $_ := set $open $name $port }}{{ end }}{{ end -}}
{{- toYaml $open -}}
{{- end -}}
