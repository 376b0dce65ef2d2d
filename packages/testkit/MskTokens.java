import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.auth.SaslExtensionsCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Checks a login token as a broker of Amazon MSK does: base64url of a URL of kafka.REGION.amazonaws.com with the action kafka-cluster:Connect, signed with SigV4
 * in its query for the service kafka-cluster, at most 15 minutes ago. The principal is the id of the access key; on MSK it is the role's ARN.
 */
public final class MskTokens implements AuthenticateCallbackHandler {
  private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final long LONGEST_SECONDS = 900;
  private static final String HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  private Map<String, ?> options;

  @Override
  public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
    options = entries.get(0).getOptions();
  }

  @Override
  public void close() {}

  @Override
  public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
    for (Callback callback : callbacks) {
      // The broker itself does not log in anywhere.
      if (callback instanceof OAuthBearerTokenCallback || callback instanceof SaslExtensionsCallback) continue;
      if (!(callback instanceof OAuthBearerValidatorCallback validation)) throw new UnsupportedCallbackException(callback);
      try {
        validation.token(check(validation.tokenValue()));
      } catch (Exception refused) {
        validation.error("invalid_token", null, null);
      }
    }
  }

  private OAuthBearerToken check(String value) throws Exception {
    URI url = URI.create(new String(Base64.getUrlDecoder().decode(value), StandardCharsets.UTF_8));
    String region = (String) options.get("region");
    demand("https".equals(url.getScheme()) && ("kafka." + region + ".amazonaws.com").equals(url.getHost()));
    Map<String, String> query = new TreeMap<>();
    for (String pair : url.getRawQuery().split("&")) {
      String[] parts = pair.split("=", 2);
      demand(query.put(URLDecoder.decode(parts[0], StandardCharsets.UTF_8), URLDecoder.decode(parts[1], StandardCharsets.UTF_8)) == null);
    }
    demand("kafka-cluster:Connect".equals(query.get("Action")));
    demand("AWS4-HMAC-SHA256".equals(query.get("X-Amz-Algorithm")) && "host".equals(query.get("X-Amz-SignedHeaders")));
    String date = query.get("X-Amz-Date");
    Instant signed = Instant.from(DATE.parse(date));
    long seconds = Long.parseLong(query.get("X-Amz-Expires"));
    demand(seconds > 0 && seconds <= LONGEST_SECONDS);
    Instant end = signed.plusSeconds(seconds);
    demand(Instant.now().isBefore(end) && signed.isBefore(Instant.now().plusSeconds(300)));

    String day = date.substring(0, 8);
    String scope = day + "/" + region + "/kafka-cluster/aws4_request";
    String keyId = (String) options.get("accessKeyId");
    demand((keyId + "/" + scope).equals(query.get("X-Amz-Credential")));
    String signature = query.remove("X-Amz-Signature");
    // Signers add this parameter to the URL after signing it.
    query.remove("User-Agent");
    StringBuilder canonical = new StringBuilder();
    for (Map.Entry<String, String> entry : query.entrySet()) {
      canonical.append(canonical.length() == 0 ? "" : "&").append(encoded(entry.getKey())).append('=').append(encoded(entry.getValue()));
    }
    String request = "GET\n/\n" + canonical + "\nhost:" + url.getHost() + "\n\nhost\n" + HASH_OF_NOTHING;
    String toSign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex(MessageDigest.getInstance("SHA-256").digest(bytes(request)));
    byte[] key = bytes("AWS4" + options.get("secretAccessKey"));
    for (String part : List.of(day, region, "kafka-cluster", "aws4_request")) key = hmac(key, part);
    demand(MessageDigest.isEqual(bytes(hex(hmac(key, toSign))), bytes(signature)));
    return token(value, keyId, signed.toEpochMilli(), end.toEpochMilli());
  }

  private static OAuthBearerToken token(String value, String principal, long start, long end) {
    return new OAuthBearerToken() {
      @Override
      public String value() {
        return value;
      }

      @Override
      public Set<String> scope() {
        return Set.of();
      }

      @Override
      public long lifetimeMs() {
        return end;
      }

      @Override
      public String principalName() {
        return principal;
      }

      @Override
      public Long startTimeMs() {
        return start;
      }
    };
  }

  private static void demand(boolean holds) {
    if (!holds) throw new IllegalArgumentException();
  }

  private static byte[] hmac(byte[] key, String text) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(bytes(text));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
