import java.io.FileOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.leases.LeaseAssignmentStrategy;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A worker of the Kinesis Client Library that appends its actions to a file: `begins TIME SHARD SEQUENCE`,
 * `record TIME SHARD SEQUENCE TEXT`, `ended TIME SHARD` and `lost TIME SHARD`. TIME is in nanoseconds, from a
 * clock that all processes of the machine share. Arguments: KINESIS_URL DYNAMODB_URL STREAM APPLICATION
 * WORKER FILE polling|fan-out BATCH.
 */
public final class KclWorker {
  /** A worker that does not renew a lease for this long has lost it; the library's default is 10 s. */
  private static final long FAILOVER_MS = 4000;
  private static final long SHARD_SYNC_MS = 2000;
  private static final long IDLE_MS = 200;
  /** How long each batch pretends to work before its checkpoint, so that a kill can fall in between. */
  private static final long WORK_MS = 25;

  public static void main(String[] args) throws Exception {
    String stream = args[2], application = args[3], worker = args[4];
    int batch = Integer.parseInt(args[7]);
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
    var kinesis = KinesisClientUtil.createKinesisAsyncClient(
      KinesisAsyncClient.builder().endpointOverride(URI.create(args[0])).region(Region.US_EAST_1).credentialsProvider(credentials));
    var dynamo = DynamoDbAsyncClient.builder().endpointOverride(URI.create(args[1])).region(Region.US_EAST_1).credentialsProvider(credentials).build();
    var cloudWatch = CloudWatchAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(credentials).build();
    var journal = new Journal(args[5]);
    var start = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    var configs = new ConfigsBuilder(new SingleStreamTracker(stream, start), application, kinesis, dynamo, cloudWatch, worker, () -> new Processor(journal));
    RetrievalSpecificConfig retrieval = args[6].equals("fan-out")
      ? new FanOutConfig(kinesis).streamName(stream).applicationName(application)
      : new PollingConfig(stream, kinesis).maxRecords(batch).idleTimeBetweenReadsInMillis(IDLE_MS);
    var leases = configs.leaseManagementConfig()
      .failoverTimeMillis(FAILOVER_MS).leaseAssignmentIntervalMillis(FAILOVER_MS / 2).shardSyncIntervalMillis(SHARD_SYNC_MS)
      .dynamoDbLockBasedLeaderLeaseDurationInMillis(FAILOVER_MS * 2).dynamoDbLockBasedLeaderHeartbeatPeriodInMillis(FAILOVER_MS / 4)
      .leasesRecoveryAuditorExecutionFrequencyMillis(SHARD_SYNC_MS)
      .leaseAssignmentStrategy(LeaseAssignmentStrategy.LEASE_COUNT_BASED);
    var scheduler = new Scheduler(
      configs.checkpointConfig(), configs.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(100),
      leases, configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(),
      configs.retrievalConfig().retrievalSpecificConfig(retrieval));
    scheduler.run();
  }

  /** Writes every batch of lines at once, so that a kill leaves at most one line unfinished. */
  private static final class Journal {
    private final FileOutputStream file;

    Journal(String path) throws IOException {
      file = new FileOutputStream(path, true);
    }

    synchronized void write(CharSequence lines) {
      try {
        file.write(lines.toString().getBytes(StandardCharsets.UTF_8));
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
    }
  }

  private static final class Processor implements ShardRecordProcessor {
    private final Journal journal;
    private String shard;

    Processor(Journal journal) {
      this.journal = journal;
    }

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
      journal.write("begins " + System.nanoTime() + " " + shard + " " + input.extendedSequenceNumber().sequenceNumber() + "\n");
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      if (input.records().isEmpty()) return;
      var lines = new StringBuilder();
      for (KinesisClientRecord record : input.records()) {
        lines.append("record ").append(System.nanoTime()).append(' ').append(shard).append(' ').append(record.sequenceNumber())
          .append(' ').append(StandardCharsets.UTF_8.decode(record.data()).toString().trim()).append('\n');
      }
      journal.write(lines);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WORK_MS));
      checkpoint(input.checkpointer());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
      journal.write("lost " + System.nanoTime() + " " + shard + "\n");
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      journal.write("ended " + System.nanoTime() + " " + shard + "\n");
      checkpoint(input.checkpointer());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      checkpoint(input.checkpointer());
    }

    /** A worker that has lost the lease leaves the rest to the lease's next holder. */
    private static void checkpoint(RecordProcessorCheckpointer checkpointer) {
      try {
        checkpointer.checkpoint();
      } catch (ShutdownException lost) {
        return;
      } catch (InvalidStateException error) {
        throw new IllegalStateException(error);
      }
    }
  }
}
