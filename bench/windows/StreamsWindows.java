import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The windows of task.ts with Kafka Streams, exactly once. Runs until SIGTERM. Environment: KAFKA_BROKERS, GROUP, INPUT, OUTPUT, STATE_DIR,
 * STORE (ROCKS_DB or IN_MEMORY), WINDOW_MS and DISORDER_MS.
 */
public final class StreamsWindows {
  record Reading(long time, long value) {}

  record Totals(long count, long sum, long min, long max) {
    Totals add(long value) {
      return new Totals(count + 1, sum + value, Math.min(min, value), Math.max(max, value));
    }
  }

  private static final Serde<Reading> READING = Serdes.serdeFrom(
      (topic, reading) -> ByteBuffer.allocate(16).putLong(reading.time()).putLong(reading.value()).array(),
      (topic, bytes) -> {
        var buffer = ByteBuffer.wrap(bytes);
        return new Reading(buffer.getLong(), buffer.getLong());
      });
  private static final Serde<Totals> TOTALS = Serdes.serdeFrom(
      (topic, totals) -> ByteBuffer.allocate(32)
          .putLong(totals.count()).putLong(totals.sum()).putLong(totals.min()).putLong(totals.max()).array(),
      (topic, bytes) -> {
        var buffer = ByteBuffer.wrap(bytes);
        return new Totals(buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong());
      });

  public static void main(String[] args) {
    Map<String, String> env = System.getenv();
    var size = Duration.ofMillis(Long.parseLong(env.get("WINDOW_MS")));
    var disorder = Duration.ofMillis(Long.parseLong(env.get("DISORDER_MS")));
    var builder = new StreamsBuilder();
    builder
        .stream(
            env.get("INPUT"),
            Consumed.with(Serdes.String(), READING)
                .withTimestampExtractor((record, partitionTime) -> ((Reading) record.value()).time()))
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(size, disorder))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(
            () -> new Totals(0, 0, Long.MAX_VALUE, Long.MIN_VALUE),
            (key, reading, totals) -> totals.add(reading.value()),
            // Results are emitted once a second of the clock, in which a backlog goes further than the default of size and grace.
            Materialized.<String, Totals, WindowStore<Bytes, byte[]>>with(Serdes.String(), TOTALS)
                .withStoreType(Materialized.StoreType.valueOf(env.get("STORE")))
                .withRetention(Duration.ofHours(1)))
        .toStream()
        .map((window, totals) -> KeyValue.pair(
            window.key(),
            window.window().start() + " " + totals.count() + " " + totals.sum() + " " + totals.min() + " " + totals.max()))
        .to(env.get("OUTPUT"), Produced.with(Serdes.String(), Serdes.String()));

    var config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, env.get("GROUP"));
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env.get("KAFKA_BROKERS"));
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    config.put(StreamsConfig.STATE_DIR_CONFIG, env.get("STATE_DIR"));
    var streams = new KafkaStreams(builder.build(), config);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
      return null;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
