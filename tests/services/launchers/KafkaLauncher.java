import java.io.IOException;

/** A Kafka broker that is its own controller: the argument is its properties file; an empty log directory is formatted. */
public class KafkaLauncher {
    private static final String CLUSTER = "b25lZm9sZC10ZXN0cy0tLQ";

    public static void main(String[] arguments) {
        endWithStandardInput();
        String[] format = {"format", "--ignore-formatted", "--cluster-id", CLUSTER, "--config", arguments[0]};
        int failed = kafka.tools.StorageTool.execute(format, System.out);
        if (failed != 0) {
            Runtime.getRuntime().halt(failed);
        }
        kafka.Kafka.main(new String[] {arguments[0]});
    }

    /** Whoever started this process holds its standard input: when that one is gone, even killed, so are we. */
    private static void endWithStandardInput() {
        Thread watch = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (IOException gone) {
                // the same as its end
            }
            Runtime.getRuntime().halt(1);
        });
        watch.setDaemon(true);
        watch.start();
    }
}
