/** What holds for every site: bounds, the log, TLS, and what is told to whoever is behind. */
const COMPRESSED = `application/json application/problem+json application/geo+json application/vnd.pgrst.object+json
  application/openapi+json text/csv text/plain text/css text/javascript image/svg+xml`

/** Headers that say who called, by which name, and that no one here sets: so nobody behind may come to read a client's. */
const NOBODY_S = [
  'Forwarded',
  ...[
    'Port',
    'Prefix',
    'Path',
    'Uri',
    'Method',
    'Server',
    'Scheme',
    'Protocol',
    'Ssl',
    'By',
    'Client-Ip',
  ].map((name) => `X-Forwarded-${name}`),
  ...['User', 'Email', 'Groups', 'Preferred-Username', 'Access-Token', 'Client-Cert', 'Tls-Client-Cert'].map(
    (name) => `X-Forwarded-${name}`,
  ),
  ...['X-Forwarded', 'Forwarded-For', 'X-Original-Forwarded-For', 'X-Original-Host', 'X-Original-Url'],
  ...['X-Rewrite-Url', 'X-Url-Scheme', 'X-Client-Ip', 'X-Cluster-Client-Ip', 'True-Client-Ip'],
  'Front-End-Https',
]

export const GLOBALS = `default_type application/octet-stream;
server_tokens off;
server_names_hash_max_size 16384;
server_names_hash_bucket_size 512;
map_hash_bucket_size 256;

client_body_temp_path /tmp/body;
proxy_temp_path /tmp/proxy;
fastcgi_temp_path /tmp/fastcgi;
uwsgi_temp_path /tmp/uwsgi;
scgi_temp_path /tmp/scgi;

client_header_timeout 15s;
client_body_timeout 60s;
send_timeout 60s;
keepalive_timeout 75s;
keepalive_requests 100000;
# A reload leaves a connection that was just used open for so long: the next request on it may be on its way.
keepalive_min_timeout 5s;
reset_timedout_connection on;
large_client_header_buffers 4 32k;

# No query string in the log: keys and personal things travel in it.
map $request_uri $path_only {
  ~^(?<before>[^?]*) $before;
}
log_format requests escape=json '{"at":"$time_iso8601","request_id":"$request_id","host":"$host",'
  '"method":"$request_method","path":"$path_only","status":$status,"bytes":$body_bytes_sent,'
  '"seconds":$request_time,"upstream_seconds":"$upstream_response_time","remote":"$remote_addr"}';
# Gathered: else each line is a write of its own into a pipe.
access_log /dev/stdout requests buffer=64k flush=1s;

map $http_upgrade $connection_header {
  default upgrade;
  '' '';
}

# Set where a request is a project's: it tells the activator which.
map '' $project_ref {
  default '';
}

# What the site was chosen by: a target in absolute form goes before the header (RFC 9112, 3.2.2), whatever that says.
# HTTP/3 need not have the header.
map $http_host $asked_host {
  default $host$is_request_port$request_port;
  '' $host$own_port;
}

# No answer came, and the project had the request, or a part of it: only what is to be read may simply be asked again.
map '$request_method $upstream_bytes_sent' $is_passed_on {
  '~^(?!(?:GET|HEAD|OPTIONS) )[^ ]* .*[1-9]' 1;
}
map $is_passed_on $away_again_s {
  default 1;
  1 '';
}

# One project's requests under way, all workers together: none may take what the edge has for everybody.
limit_conn_zone $project_ref zone=projects:1m;
limit_conn_status 503;
# The requests' own log says it already.
limit_conn_log_level info;

map $http_accept $wants_page {
  default '';
  ~*text/html 1;
}

# What a site has for all its answers stands on those too that have some of their own.
add_header_inherit merge;

# A page of another origin asks first whether it may: without a yes it never reads why there is no answer.
map '$request_method $http_access_control_request_method' $is_preflight {
  '~^OPTIONS .' 1;
}
map $is_preflight $preflight_methods {
  1 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD';
}
map $is_preflight $preflight_headers {
  1 $http_access_control_request_headers;
}

# Other types are small, or compressed already; streams of events must not be gathered.
gzip on;
gzip_vary on;
gzip_proxied any;
gzip_min_length 1024;
gzip_comp_level 4;
gzip_types ${COMPRESSED};

# Who takes both gets this: a little smaller at the same pains. A higher level or a larger window would take more than
# twice the memory for each answer that a slow client leaves under way.
brotli on;
brotli_min_length 1024;
brotli_comp_level 3;
brotli_window 16k;
brotli_types ${COMPRESSED};

# Mozilla's intermediate profile.
ssl_protocols TLSv1.2 TLSv1.3;
ssl_ecdh_curve X25519:prime256v1:secp384r1;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
ssl_prefer_server_ciphers off;
http2 on;

ssl_session_cache shared:tls:5m;
ssl_session_timeout 1h;
ssl_session_tickets off;

proxy_headers_hash_max_size 1024;
proxy_headers_hash_bucket_size 128;
proxy_http_version 1.1;
# What a client says of itself is overwritten: nothing behind may trust it.
proxy_set_header Host $asked_host;
proxy_set_header Connection $connection_header;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header X-Request-Id $request_id;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $asked_scheme;
proxy_set_header X-Forwarded-Host $asked_host;
${NOBODY_S.map((name) => `proxy_set_header ${name} '';`).join('\n')}
proxy_set_header X-Cascata-Ref $project_ref;
# An answer chooses neither what else of ours is shown in its place, nor how fast it is sent.
proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset;
# Bodies stream through: what is on the way is not gathered on this small machine's memory.
proxy_request_buffering off;
proxy_max_temp_file_size 0;
proxy_connect_timeout 5s;
proxy_send_timeout 120s;
proxy_read_timeout 120s;
# A kept connection that was just closed is tried again, unless the request may have had an effect.
proxy_next_upstream error;`
