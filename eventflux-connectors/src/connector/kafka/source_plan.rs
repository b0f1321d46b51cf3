//! The source with its options parsed: from which offset each partition is read, and by whom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use eventflux_core::connector::{DecoderMaker, FollowEnd, OptionError, Source, SourceContext, SourcePlan};
use eventflux_core::{ErrorKind, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{Reports, ask, failed, failure};
use super::discovery::{Discovery, Search};
use super::group::Group;
use super::property::{self, Managed};
use super::source::{KafkaSource, Signals};
use super::source_options::{End, KafkaSourceOptions, Start};
use super::start::{self, Bounds, Saved};
use super::topic::{TopicChoice, TopicPartition};
use super::watch::Watch;
use crate::metadata_column::MetadataColumns;

/// How long a broker may take to answer once it has been reached.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What the source itself sets.
const MANAGED: Managed = &[
    ("bootstrap.servers", "brokers"),
    ("group.id", "group_id"),
    ("auto.offset.reset", "start"),
    ("enable.auto.offset.store", ""),
    ("enable.partition.eof", "end"),
];

/// The group of a consumer without one. librdkafka wants a name; nothing is committed under it.
const NO_GROUP: &str = "eventflux";

/// The source with its options parsed.
pub struct KafkaSourcePlan {
    options: KafkaSourceOptions,
    topics: TopicChoice,
    decoder: DecoderMaker,
    columns: MetadataColumns,
    /// Absent without `group_id`.
    group: Option<Arc<Group>>,
}

impl KafkaSourcePlan {
    /// A plan.
    ///
    /// **Errors** Options that cannot be used together.
    pub fn new(
        options: KafkaSourceOptions,
        decoder: DecoderMaker,
        columns: MetadataColumns,
        is_resolved: bool,
    ) -> Result<Self, OptionError> {
        let group = options.group_id.is_some().then(Arc::default);
        if !is_resolved {
            return Ok(Self {
                options,
                topics: TopicChoice::Names(Vec::new()),
                decoder,
                columns,
                group,
            });
        }
        if options.brokers.trim().is_empty() {
            return Err(OptionError::new("brokers", "names no broker"));
        }
        if options.start == Start::Committed && options.group_id.is_none() {
            return Err(OptionError::new("start", "`committed` needs a `group_id`"));
        }
        if options.discovery_interval.is_zero() {
            return Err(OptionError::new("discovery_interval", "has to be above 0"));
        }
        property::check(&options.properties, MANAGED)?;
        Ok(Self {
            topics: TopicChoice::parse(&options.topic)?,
            options,
            decoder,
            columns,
            group,
        })
    }

    fn consumer(&self, signals: &Arc<Signals>) -> Result<Arc<BaseConsumer<Reports>>> {
        let options = &self.options;
        let bool = |flag: bool| if flag { "true" } else { "false" };
        let ours = [
            ("group.id", options.group_id.as_deref().unwrap_or(NO_GROUP)),
            ("enable.auto.commit", bool(options.group_id.is_some())),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", bool(options.end == End::Latest)),
            // An offset that is not there is an error, never silently another one.
            ("auto.offset.reset", "error"),
            // Each partition has a queue of its own. What a full one has room for again is fetched at once.
            ("queued.max.messages.kbytes", "4096"),
            ("fetch.queue.backoff.ms", "5"),
        ];
        let config = property::config(&options.brokers, &ours, &options.properties);
        let consumer: KafkaResult<BaseConsumer<Reports>> = config.create_with_context(Reports::default());
        let mut consumer = consumer.map_err(|error| failed(&options.brokers, &error))?;
        let signals = Arc::clone(signals);
        consumer.set_nonempty_callback(move || {
            signals.has_events.store(true, Ordering::Release);
            signals.wake.notify_one();
        });
        Ok(Arc::new(consumer))
    }

    /// Asks until the brokers answer.
    fn ask<T>(
        &self,
        consumer: &BaseConsumer<Reports>,
        question: impl Fn(Duration) -> KafkaResult<T>,
    ) -> Result<T> {
        // What is polled before an assignment are reports only.
        let serve = || drop(consumer.poll(Duration::from_millis(1)));
        ask(
            &self.options.brokers,
            self.options.connect_timeout,
            consumer.context(),
            serve,
            question,
        )
    }

    /// Where reading begins without positions.
    fn starts(
        &self,
        consumer: &BaseConsumer<Reports>,
        bounds: &BTreeMap<TopicPartition, Bounds>,
    ) -> Result<BTreeMap<TopicPartition, i64>> {
        let plain = |offset: fn(&Bounds) -> i64| {
            bounds
                .iter()
                .map(|(partition, bounds)| (partition.clone(), offset(bounds)))
                .collect()
        };
        let list = |offset: Offset| -> KafkaResult<TopicPartitionList> {
            let mut list = TopicPartitionList::new();
            for partition in bounds.keys() {
                list.add_partition_offset(&partition.topic, partition.id, offset)?;
            }
            Ok(list)
        };
        let (found, otherwise): (TopicPartitionList, fn(&Bounds) -> i64) = match self.options.start {
            Start::Earliest => return Ok(plain(|bounds| bounds.low)),
            Start::Latest => return Ok(plain(|bounds| bounds.high)),
            Start::Committed => {
                let found = self.ask(consumer, |timeout| {
                    consumer.committed_offsets(list(Offset::Invalid)?, timeout)
                })?;
                (found, |bounds| bounds.low)
            }
            Start::Timestamp(millis) => {
                let found = self.ask(consumer, |timeout| {
                    consumer.offsets_for_times(list(Offset::Offset(millis))?, timeout)
                })?;
                (found, |bounds| bounds.high)
            }
        };
        let start = |(partition, bounds): (&TopicPartition, &Bounds)| {
            let element = found.find_partition(&partition.topic, partition.id);
            let offset = match element.map(|element| (element.error(), element.offset())) {
                Some((Err(error), _)) => return Err(failed(&partition.name(), &error)),
                Some((Ok(()), Offset::Offset(offset))) => {
                    if self.options.start == Start::Committed {
                        start::check(partition, offset, *bounds)?;
                    }
                    offset
                }
                _ => otherwise(bounds),
            };
            Ok((partition.clone(), offset))
        };
        bounds.iter().map(start).collect()
    }
}

impl SourcePlan for KafkaSourcePlan {
    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn is_bounded(&self) -> bool {
        self.options.end == End::Latest
    }

    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>> {
        let signals = Arc::new(Signals::default());
        let consumer = self.consumer(&signals)?;
        let saved = start::saved(&context.positions)?;
        let ask =
            |topic: Option<&str>| self.ask(&consumer, |timeout| consumer.fetch_metadata(topic, timeout));
        let partitions = self.topics.partitions(ask)?;
        if partitions.is_empty() {
            match self.options.end {
                End::Latest => {
                    return Err(failure(
                        &self.topics.text(),
                        ErrorKind::Input,
                        "no topic matches".to_owned(),
                    ));
                }
                End::Never => {
                    tracing::warn!(target: "kafka", topic = self.topics.text(), "no topic matches yet")
                }
            }
        }
        check_all_there(&saved, &partitions.iter().collect::<Vec<_>>())?;
        let mut bounds = BTreeMap::new();
        for partition in partitions {
            if partition.owner(context.parallelism) == context.subtask {
                let ask = |timeout| consumer.fetch_watermarks(&partition.topic, partition.id, timeout);
                let (low, high) = self.ask(&consumer, ask)?;
                bounds.insert(partition, Bounds { low, high });
            }
        }
        // What was added since positions were saved is read from its beginning.
        let starts = match saved.is_empty() {
            true => self.starts(&consumer, &bounds)?,
            false => BTreeMap::new(),
        };
        let (decoder, columns) = ((self.decoder)(), self.columns.clone());
        let mut source = KafkaSource::new(
            Arc::clone(&consumer),
            decoder,
            columns,
            Arc::clone(&signals),
            context,
        );
        source.group = self.group.clone();
        for (partition, bounds) in &bounds {
            let offset = match saved.get(partition) {
                Some(offset) => {
                    start::check(partition, *offset, *bounds)?;
                    *offset
                }
                None => starts.get(partition).copied().unwrap_or(bounds.low),
            };
            let end = (self.options.end == End::Latest).then_some(bounds.high);
            source.add(partition.clone(), offset, end)?;
        }
        source.assign()?;
        if self.options.end == End::Never {
            let search = Search {
                topics: self.topics.clone(),
                subtask: context.subtask,
                parallelism: context.parallelism,
                known: bounds.into_keys().collect(),
            };
            let interval = self.options.discovery_interval;
            let weak = Arc::downgrade(&consumer);
            source.discovery = Some(Discovery::start(&context.tokio, weak, search, interval, signals));
        }
        let weak = Arc::downgrade(&consumer);
        let reports = Arc::clone(consumer.context());
        source.watch = Some(Watch::start(
            &context.tokio,
            reports,
            context.trouble.clone(),
            move |timeout| Some(weak.upgrade()?.fetch_metadata(None, timeout).map(drop)),
        ));
        Ok(Box::new(source))
    }

    fn following_end(&self) -> Option<&dyn FollowEnd> {
        self.group.as_deref().map(|group| group as _)
    }
}

/// A partition that was read has to be there still.
fn check_all_there(saved: &Saved, partitions: &[&TopicPartition]) -> Result<()> {
    match saved.keys().find(|partition| !partitions.contains(partition)) {
        Some(lost) => {
            let message =
                "it was read before and is not there any more, or the topics are not the same".to_owned();
            Err(failure(&lost.name(), ErrorKind::Input, message))
        }
        None => Ok(()),
    }
}
