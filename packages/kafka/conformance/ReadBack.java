import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics with Kafka's own client, read_committed, up to their current ends. Each line of input is `BROKERS TOPIC`. The answer is a line
 * `partition offset key value header=value...` per record, with bytes in base64 and `-` for null, followed by a line with a full stop.
 */
public final class ReadBack {
  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in));
    var out = new BufferedWriter(new OutputStreamWriter(System.out), 1 << 16);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      var words = line.split(" ");
      read(words[0], words[1], out);
      out.write(".\n");
      out.flush();
    }
  }

  private static void read(String brokers, String topic, BufferedWriter out) throws Exception {
    var properties = new Properties();
    properties.putAll(Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed", "enable.auto.commit", "false"));
    try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream().map(info -> new TopicPartition(topic, info.partition())).collect(Collectors.toList());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (var record : consumer.poll(Duration.ofMillis(100))) write(record, out);
      }
    }
  }

  private static void write(ConsumerRecord<byte[], byte[]> record, BufferedWriter out) throws Exception {
    out.write(record.partition() + " " + record.offset() + " " + text(record.key()) + " " + text(record.value()));
    for (Header header : record.headers()) out.write(" " + text(header.key().getBytes(StandardCharsets.UTF_8)) + "," + text(header.value()));
    out.write("\n");
  }

  /** Encodes an empty array as a full stop, so that no word is empty. */
  private static String text(byte[] bytes) {
    return bytes == null ? "-" : bytes.length == 0 ? "." : Base64.getEncoder().encodeToString(bytes);
  }
}
