# SPDX-License-Identifier: Apache-2.0
"""The workloads of `mapred bench suite` in PySpark, on this machine.

    python3 jobs.py JOB INPUT [--runs N] [--result FILE] [--cores N] [--api dataframe|rdd]

Runs one job several times in one session and prints a line for each run: `run`, its number, the
seconds it took, when it ended in seconds since 1970, seconds of processor time, the most bytes that
were resident, and Spark's version, with tabs between. A run ends when all rows of its result have
been made; they are not written anywhere, which costs Spark nothing. With --result the rows are then
written to a file, in the order and the form of `mapred run JOB … -o DIR --format lines`.
"""

import argparse
import os
import sys
import time
from operator import add

TOP = 100  # as many as `mapred run frequencies` keeps


def arguments():
    parser = argparse.ArgumentParser(description="The workloads of `mapred bench suite` in Spark.")
    parser.add_argument("job", choices=["wordcount", "terasort", "frequencies"])
    parser.add_argument("input")
    parser.add_argument("--runs", type=int, default=2, help="runs in one session")
    parser.add_argument("--result", help="write the last run's result to this file")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--memory", default="8g", help="the heap of Spark's process")
    parser.add_argument("--scratch", default="/tmp", help="where Spark keeps what it shuffles")
    parser.add_argument("--api", choices=["dataframe", "rdd"], default="dataframe")
    return parser.parse_args()


def session(options):
    from pyspark.sql import SparkSession

    # A Spark user on one machine sets these: the default of 200 shuffle partitions is for clusters
    # and slow here, and nobody looks at the web pages of a job of seconds.
    return (
        SparkSession.builder.master(f"local[{options.cores}]")
        .appName("mapred bench suite")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", str(2 * options.cores))
        .config("spark.default.parallelism", str(2 * options.cores))
        .config("spark.driver.memory", options.memory)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.local.dir", options.scratch)
        .config("spark.sql.warehouse.dir", os.path.join(options.scratch, "warehouse"))
        .getOrCreate()
    )


class DataFrames:
    """The jobs as queries: they stay in Spark's own process, as compiled code."""

    def __init__(self, spark, path):
        self.spark = spark
        self.path = path

    def lines(self):
        return self.spark.read.text(self.path)

    def counts(self):
        from pyspark.sql import functions as f

        # Words of the generated text stand between single spaces.
        words = self.lines().select(f.explode(f.split("value", " ")).alias("word"))
        return words.groupBy("word").count()

    def wordcount(self):
        return self.counts()

    def terasort(self):
        return self.lines().orderBy("value")

    def frequencies(self):
        from pyspark.sql import functions as f

        tally = self.counts().groupBy("count").agg(f.count("*").alias("words"))
        return tally.orderBy(f.desc("words"), f.asc("count")).limit(TOP)

    @staticmethod
    def make(result):
        # Makes all rows and drops them.
        result.write.format("noop").mode("overwrite").save()

    @staticmethod
    def rows(job, result):
        if job == "wordcount":
            result = result.orderBy("word")
        for row in result.toLocalIterator():
            yield "\t".join(str(value) for value in row)


class RDDs:
    """The jobs as closures in Python, as Spark's first examples have them."""

    def __init__(self, spark, path):
        self.context = spark.sparkContext
        self.path = path

    def lines(self):
        return self.context.textFile(self.path)

    def counts(self):
        return self.lines().flatMap(str.split).map(lambda word: (word, 1)).reduceByKey(add)

    def wordcount(self):
        return self.counts()

    def terasort(self):
        return self.lines().sortBy(lambda line: line)

    def frequencies(self):
        tally = self.counts().map(lambda pair: (pair[1], 1)).reduceByKey(add)
        best = tally.takeOrdered(TOP, key=lambda pair: (-pair[1], pair[0]))
        return self.context.parallelize(best, 1)

    @staticmethod
    def make(result):
        result.count()

    @staticmethod
    def rows(job, result):
        if job == "terasort":
            yield from result.toLocalIterator()
            return
        pairs = sorted(result.collect()) if job == "wordcount" else result.collect()
        for key, value in pairs:
            yield f"{key}\t{value}"


def used(process):
    """Seconds of processor time of a process so far, and the most bytes it had resident."""
    with open(f"/proc/{process}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    seconds = sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    with open(f"/proc/{process}/status", encoding="utf-8") as file:
        peak = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:"))
    return seconds, peak


def main():
    options = arguments()
    spark = session(options)
    spark.sparkContext.setLogLevel("ERROR")
    jobs = {"dataframe": DataFrames, "rdd": RDDs}[options.api](spark, options.input)
    machine = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    processes = [os.getpid(), machine]
    before = 0.0
    for run in range(1, options.runs + 1):
        start = time.time()
        result = getattr(jobs, options.job)()
        jobs.make(result)
        end = time.time()
        usage = [used(process) for process in processes]
        cpu = sum(seconds for seconds, _ in usage)
        fields = [run, end - start, end, cpu - before, sum(peak for _, peak in usage)]
        print("run", *fields, spark.version, sep="\t", flush=True)
        before = cpu
    if options.result:
        with open(options.result, "w", encoding="utf-8", newline="\n") as file:
            for row in jobs.rows(options.job, getattr(jobs, options.job)()):
                file.write(row + "\n")
    spark.stop()


if __name__ == "__main__":
    sys.exit(main())
