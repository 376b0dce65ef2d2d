import com.amazon.randomcutforest.RandomCutForest;
import com.amazon.randomcutforest.returntypes.DiVector;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.management.ManagementFactory;

/**
 * Scores a stream with AWS's Random Cut Forest library. Arguments: trees, sample size, shingle size, 1 / time decay, seed, and n: every n-th score
 * with its attribution, 0 for none. Input: a number per line. Output: per number its score, then, if wanted, what each dimension has above and below the data; last a line with the
 * nanoseconds of CPU of scores and updates alone, reading and writing not counted.
 */
public final class ForestOracle {
  public static void main(String[] args) throws Exception {
    int shingle = Integer.parseInt(args[2]);
    int every = Integer.parseInt(args[5]);
    var forest = RandomCutForest.builder()
        .numberOfTrees(Integer.parseInt(args[0]))
        .sampleSize(Integer.parseInt(args[1]))
        .dimensions(shingle)
        .shingleSize(shingle)
        .timeDecay(1 / Double.parseDouble(args[3]))
        .randomSeed(Long.parseLong(args[4]))
        .build();
    var in = new BufferedReader(new InputStreamReader(System.in));
    var values = in.lines().mapToDouble(Double::parseDouble).toArray();
    var out = new BufferedWriter(new OutputStreamWriter(System.out), 1 << 16);
    var threads = ManagementFactory.getThreadMXBean();
    var point = new float[shingle];
    long cpu = 0;
    for (int i = 0; i < values.length; i++) {
      System.arraycopy(point, 1, point, 0, shingle - 1);
      point[shingle - 1] = (float) values[i];
      if (i < shingle - 1) {
        out.write("0\n");
        continue;
      }
      long from = threads.getCurrentThreadCpuTime();
      double score = forest.getAnomalyScore(point);
      cpu += threads.getCurrentThreadCpuTime() - from;
      out.write(Double.toString(score));
      if (every > 0 && i % every == 0) {
        DiVector parts = forest.getAnomalyAttribution(point);
        for (int d = 0; d < shingle; d++) out.write(" " + parts.high[d] + " " + parts.low[d]);
      }
      out.write("\n");
      from = threads.getCurrentThreadCpuTime();
      forest.update(point);
      cpu += threads.getCurrentThreadCpuTime() - from;
    }
    out.write(cpu + "\n");
    out.flush();
  }
}
