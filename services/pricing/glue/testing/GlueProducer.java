import com.amazonaws.services.schemaregistry.deserializers.GlueSchemaRegistryKafkaDeserializer;
import com.amazonaws.services.schemaregistry.serializers.GlueSchemaRegistryKafkaSerializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends a record to a topic with the serializer of AWS's schema registry, unchanged, and prints what its deserializer
 * reads back. Arguments: ENDPOINT BROKERS TOPIC SCHEMA_FILE RECORD_FILE COMPRESSION [SCHEMA_NAME]. SCHEMA_FILE is an
 * .avsc, RECORD_FILE has a record in Avro's binary encoding. Prints `sent PARTITION OFFSET JSON`, or `refused CAUSES`.
 */
public final class GlueProducer {
  private static final long SEND_SECONDS = 30;

  public static void main(String[] args) throws Exception {
    var schema = new Schema.Parser().parse(Files.readString(Path.of(args[3])));
    var bytes = DecoderFactory.get().binaryDecoder(Files.readAllBytes(Path.of(args[4])), null);
    GenericRecord value = new GenericDatumReader<GenericRecord>(schema).read(null, bytes);
    Map<String, Object> config = new HashMap<>();
    config.put("endpoint", args[0]);
    config.put("region", "us-east-1");
    config.put("dataFormat", "AVRO");
    config.put("avroRecordType", "GENERIC_RECORD");
    config.put("schemaAutoRegistrationEnabled", "true");
    config.put("compression", args[5]);
    if (args.length > 6) config.put("schemaName", args[6]);
    config.put("bootstrap.servers", args[1]);
    config.put("key.serializer", StringSerializer.class.getName());
    config.put("value.serializer", GlueSchemaRegistryKafkaSerializer.class.getName());
    try (var producer = new KafkaProducer<String, Object>(config); var deserializer = new GlueSchemaRegistryKafkaDeserializer(config)) {
      var stored = producer.send(new ProducerRecord<>(args[2], "java", value)).get(SEND_SECONDS, TimeUnit.SECONDS);
      var serializer = new GlueSchemaRegistryKafkaSerializer(config);
      var read = deserializer.deserialize(args[2], serializer.serialize(args[2], value));
      System.out.println("sent " + stored.partition() + " " + stored.offset() + " " + read);
    } catch (RuntimeException error) {
      System.out.println("refused " + causes(error));
    }
  }

  private static String causes(Throwable error) {
    var text = new StringBuilder();
    for (var cause = error; cause != null; cause = cause.getCause()) text.append(cause.getMessage()).append(" | ");
    return text.toString().replace('\n', ' ');
  }
}
