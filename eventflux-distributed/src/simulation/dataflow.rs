//! The pipeline that runs: sources, an exchange, keyed state and a sink, as simple as they can be.
//!
//! Loop 0 of a node reads its splits and sends rows to the owners of their groups; loop 1 keeps the groups, notes every row,
//! and freezes at a barrier that has come from all sources.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use eventflux_core::checkpoint::manifest::{NoteContent, SinkNote, SourceProgress};
use eventflux_core::state::segment::{SegmentKind, SegmentRef};

use super::message::{Local, Message, Node};
use super::node::SimNode;
use super::store::{GroupState, Object, Upload};
use super::world::{KEYED, SINK, SOURCE, World, group_of, row, row_sum};
use crate::coordinator::{PartContent, Prepare};
use crate::sabotage::{Bug, is_broken};
use crate::worker::WorkerEvent;

const PIPELINE: u64 = 1;
const READ_EVERY_US: (i64, i64) = (100_000, 400_000);

/// A node's part of the pipeline.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) generation: u64,
    owners: Rc<Vec<Node>>,
    /// All nodes that have a part, and those of them that read.
    peers: BTreeSet<Node>,
    readers: BTreeSet<Node>,
    subtask: u32,
    is_running: bool,
    /// By split, the next row.
    splits: BTreeMap<usize, u64>,
    ended: BTreeSet<usize>,
    groups: BTreeMap<u32, GroupState>,
    dirty: BTreeSet<u32>,
    has_base: bool,
    noted: Vec<u64>,
    /// By epoch, what the sink noted and has not made visible.
    undelivered: BTreeMap<u64, Rc<Vec<u64>>>,
    /// The epoch whose barrier has come from these, and what has come behind it.
    aligning: Option<(u64, BTreeSet<Node>)>,
    held: VecDeque<(Node, Held)>,
    /// Barriers up to this epoch mean nothing.
    past: u64,
    upload_count: u64,
}

#[derive(Debug)]
enum Held {
    Rows(Vec<u64>),
    Barrier(u64),
}

impl SimNode {
    pub(super) fn tear_down(&mut self) {
        // The broken versions look at what was there before.
        if !is_broken(Bug::RollbackSkipped) && !is_broken(Bug::SourcesNotSought) {
            self.part = None;
        }
    }
}

impl World {
    pub(super) fn prepare(&mut self, node: Node, generation: u64, prepare: &Prepare) {
        let before = self.nodes[node].part.take();
        let assignment = &prepare.assignment;
        let places: Vec<Node> = assignment
            .placements
            .iter()
            .map(|placement| self.node_of(placement.node).unwrap_or_default())
            .collect();
        let place = |index: &u32| places.get(*index as usize).copied().unwrap_or_default();
        let owners: Rc<Vec<Node>> = Rc::new(assignment.owners.iter().map(place).collect());
        let readers = assignment
            .splits
            .iter()
            .map(|split| place(&split.placement))
            .collect();
        let id = self.nodes[node].id;
        let own = assignment
            .placements
            .iter()
            .position(|placement| placement.node == id);
        let mut part = Part {
            generation,
            owners,
            peers: places.iter().copied().collect(),
            readers,
            subtask: own.unwrap_or_default() as u32,
            is_running: false,
            splits: BTreeMap::new(),
            ended: BTreeSet::new(),
            groups: BTreeMap::new(),
            dirty: BTreeSet::new(),
            has_base: false,
            noted: Vec::new(),
            undelivered: BTreeMap::new(),
            aligning: None,
            held: VecDeque::new(),
            past: prepare.restore.epoch,
            upload_count: 0,
        };
        for split in &assignment.splits {
            if place(&split.placement) == node
                && let Ok(split) = split.split.parse()
            {
                part.splits.insert(split, 0);
            }
        }
        let is_there = self.restore(node, &mut part, prepare, before.as_ref());
        let is_reached = part
            .peers
            .iter()
            .all(|peer| self.network.reaches_both_ways(node, *peer));
        self.nodes[node].part = Some(part);
        let delay_us = self.store_delay_us() + self.rng.range(0, 20_000);
        if is_there && is_reached && !self.store.is_failing {
            self.schedule_local(node, delay_us, Local::Restored { generation });
        } else {
            let peer = node;
            self.schedule_local(node, delay_us, Local::EdgeLost { generation, peer });
        }
    }

    /// Reads the own part of what is committed, and repeats the commits of sinks. `false` if it is not in its place.
    fn restore(&mut self, node: Node, part: &mut Part, prepare: &Prepare, before: Option<&Part>) -> bool {
        let restore = &prepare.restore;
        if restore.epoch > 0 {
            let Some(manifest) = self.store.published(&restore.manifest).cloned() else {
                return false;
            };
            for segment in &manifest.segments {
                let rows = self.store.segment(&segment.name).cloned().unwrap_or_default();
                for (group, state) in rows.iter() {
                    if part.owners.get(*group as usize) == Some(&node) {
                        part.groups.insert(*group, *state);
                    }
                }
            }
            for source in &manifest.sources {
                if let (Ok(split), Ok(position)) =
                    (source.partition.parse::<usize>(), source.position.parse())
                    && let Some(known) = part.splits.get_mut(&split)
                {
                    *known = position;
                }
            }
            let place_count = part.peers.len().max(1) as u32;
            for note in &manifest.sinks {
                if note.subtask % place_count == part.subtask
                    && !is_broken(Bug::CommitsNotRepeated)
                    && let NoteContent::Object { name, .. } = &note.content
                {
                    let rows = self.store.note(name).cloned().unwrap_or_default();
                    self.make_visible(note.subtask, note.epoch, &rows);
                }
            }
        }
        if let Some(before) = before {
            if is_broken(Bug::RollbackSkipped) {
                let kept = before
                    .groups
                    .iter()
                    .filter(|(group, _)| part.owners.get(**group as usize) == Some(&node));
                part.groups.extend(kept);
            }
            if is_broken(Bug::SourcesNotSought) {
                for (split, position) in &mut part.splits {
                    *position = before.splits.get(split).copied().unwrap_or(*position);
                }
            }
        }
        part.dirty = part.groups.keys().copied().collect();
        true
    }

    pub(super) fn restored(&mut self, node: Node, generation: u64) {
        let Some(part) = self.part(node, generation) else {
            return;
        };
        let reading = if part.splits.is_empty() { vec![] } else { vec![0] };
        let event = WorkerEvent::Prepared {
            pipeline: PIPELINE,
            generation,
            loop_count: if part.splits.is_empty() { 1 } else { 2 },
            reading,
            sinks: vec![SINK.to_owned()],
        };
        self.work(node, event);
    }

    pub(super) fn run(&mut self, node: Node, generation: u64) {
        let Some(part) = self.part(node, generation) else {
            return;
        };
        part.is_running = true;
        let splits: Vec<usize> = part.splits.keys().copied().collect();
        for split in splits {
            let delay_us = self.rng.range(0, READ_EVERY_US.0);
            self.schedule_local(node, delay_us, Local::SplitDue { generation, split });
        }
    }

    /// Reads some rows of a split and sends them to whom they belong.
    pub(super) fn read(&mut self, node: Node, generation: u64, split: usize) {
        let count = self.rng.range(1, 20) as u64;
        self.read_rows(node, generation, split, count);
        let split_rows = self.config.split_rows;
        let Some(part) = self.part(node, generation) else {
            return;
        };
        if part
            .splits
            .get(&split)
            .is_some_and(|position| *position >= split_rows)
        {
            part.ended.insert(split);
            if part.ended.len() == part.splits.len() {
                let event = WorkerEvent::InputEnded {
                    pipeline: PIPELINE,
                    generation,
                    loop_id: 0,
                };
                self.work(node, event);
            }
            return;
        }
        let delay_us = self.rng.range(READ_EVERY_US.0, READ_EVERY_US.1);
        self.schedule_local(node, delay_us, Local::SplitDue { generation, split });
    }

    fn read_rows(&mut self, node: Node, generation: u64, split: usize, count: u64) {
        let (split_rows, key_groups) = (self.config.split_rows, self.config.key_groups);
        let Some(part) = self.part(node, generation) else {
            return;
        };
        let owners = Rc::clone(&part.owners);
        let Some(position) = part.splits.get_mut(&split) else {
            return;
        };
        let end = (*position + count).min(split_rows);
        let mut by_owner: BTreeMap<Node, Vec<u64>> = BTreeMap::new();
        for position in *position..end {
            let row = row(split, position);
            let owner = owners
                .get(group_of(row, key_groups) as usize)
                .copied()
                .unwrap_or_default();
            by_owner.entry(owner).or_default().push(row);
        }
        *position = end;
        for (owner, rows) in by_owner {
            self.send(node, owner, Message::Rows { generation, rows });
        }
    }

    pub(super) fn send_barrier(&mut self, node: Node, generation: u64, epoch: u64) {
        let Some(part) = self.part(node, generation) else {
            return;
        };
        if part.splits.is_empty() {
            return;
        }
        let peers = part.peers.clone();
        let splits: Vec<usize> = part.splits.keys().copied().collect();
        let mut upload = Upload {
            positions: part
                .splits
                .iter()
                .map(|(split, position)| (*split, *position))
                .collect(),
            ..Upload::default()
        };
        for peer in peers {
            let message = Message::Barrier { generation, epoch };
            match is_broken(Bug::BarrierOvertakesData) {
                true => self.send_ahead(node, peer, message),
                false => self.send(node, peer, message),
            }
        }
        if is_broken(Bug::PositionAfterBarrier) {
            for split in splits {
                self.read_rows(node, generation, split, 3);
            }
            if let Some(part) = self.part(node, generation) {
                upload.positions = part
                    .splits
                    .iter()
                    .map(|(split, position)| (*split, *position))
                    .collect();
            }
        }
        self.upload(node, generation, epoch, 0, upload);
    }

    pub(super) fn rows_arrived(&mut self, from: Node, to: Node, generation: u64, rows: Vec<u64>) {
        let key_groups = self.config.key_groups;
        let Some(part) = self.receiving(to, generation) else {
            return;
        };
        if part
            .aligning
            .as_ref()
            .is_some_and(|(_, from_all)| from_all.contains(&from))
        {
            part.held.push_back((from, Held::Rows(rows)));
            return;
        }
        for row in rows {
            let group = group_of(row, key_groups);
            let state = part.groups.entry(group).or_default();
            state.row_count += 1;
            state.sum = state.sum.wrapping_add(row_sum(row));
            part.dirty.insert(group);
            part.noted.push(row);
        }
    }

    pub(super) fn barrier_arrived(&mut self, from: Node, to: Node, generation: u64, epoch: u64) {
        let Some(part) = self.receiving(to, generation) else {
            return;
        };
        if epoch <= part.past {
            return;
        }
        match &mut part.aligning {
            Some((aligning, from_all)) if *aligning == epoch => {
                from_all.insert(from);
            }
            Some((aligning, from_all)) if *aligning < epoch => {
                if from_all.contains(&from) {
                    part.held.push_back((from, Held::Barrier(epoch)));
                    return;
                }
                // The older one was given up.
                let older = *aligning;
                self.release(to, generation, older);
                return self.barrier_arrived(from, to, generation, epoch);
            }
            Some(_) => return,
            None => part.aligning = Some((epoch, [from].into())),
        }
        let Some(part) = self.receiving(to, generation) else {
            return;
        };
        if part
            .aligning
            .as_ref()
            .is_some_and(|(_, from_all)| *from_all == part.readers)
        {
            self.freeze(to, epoch);
        }
    }

    /// All barriers are there: what belongs to the epoch goes into the store, and the loop goes on.
    fn freeze(&mut self, node: Node, epoch: u64) {
        let id = self.nodes[node].id;
        let life = self.nodes[node].life;
        let Some(part) = &mut self.nodes[node].part else {
            return;
        };
        let generation = part.generation;
        let kind = match std::mem::replace(&mut part.has_base, true) {
            true => SegmentKind::Delta,
            false => SegmentKind::Base,
        };
        let dirty = std::mem::take(&mut part.dirty);
        let rows: Vec<(u32, GroupState)> = dirty
            .iter()
            .filter_map(|group| Some((*group, *part.groups.get(group)?)))
            .collect();
        part.upload_count += 1;
        let unique = format!(
            "{epoch:020}-{generation:010}-{id:016x}-{life}-{}",
            part.upload_count
        );
        let segment = SegmentRef {
            name: format!("segments/{unique}"),
            size_bytes: rows.len() as u64,
            crc32c: 0,
            kind,
            epoch,
            subtask: format!("{id:016x}"),
            operators: vec![KEYED.to_owned()],
            row_count: rows.len() as u64,
        };
        let noted = Rc::new(std::mem::take(&mut part.noted));
        part.undelivered.insert(epoch, Rc::clone(&noted));
        let note = SinkNote {
            operator_id: SINK.to_owned(),
            subtask: part.subtask,
            epoch,
            content: NoteContent::Object {
                name: format!("notes/{unique}"),
                size_bytes: noted.len() as u64,
                crc32c: 0,
            },
        };
        let upload = Upload {
            segment: Some((segment, Rc::new(rows))),
            note: Some((note, noted)),
            positions: Vec::new(),
        };
        self.upload(node, generation, epoch, 1, upload);
        self.release(node, generation, epoch);
    }

    fn upload(&mut self, node: Node, generation: u64, epoch: u64, loop_id: u32, upload: Upload) {
        let event = WorkerEvent::Frozen {
            pipeline: PIPELINE,
            generation,
            epoch,
            loop_id,
        };
        self.work(node, event);
        let delay_us = self.store_delay_us();
        let upload = Box::new(upload);
        self.schedule_local(
            node,
            delay_us,
            Local::Uploaded {
                generation,
                epoch,
                loop_id,
                upload,
            },
        );
    }

    /// An upload is complete, or fails and is tried again.
    pub(super) fn uploaded(&mut self, node: Node, generation: u64, epoch: u64, loop_id: u32, upload: Upload) {
        if self.part(node, generation).is_none() {
            return;
        }
        if self.store.is_failing {
            let upload = Box::new(upload);
            return self.schedule_local(
                node,
                200_000,
                Local::Uploaded {
                    generation,
                    epoch,
                    loop_id,
                    upload,
                },
            );
        }
        let mut content = PartContent::default();
        if let Some((segment, rows)) = upload.segment {
            self.store.put_if_absent(&segment.name, Object::Segment(rows));
            content.operators.extend(segment.operators.iter().cloned());
            content.segments.push(segment);
        }
        if let Some((note, rows)) = upload.note {
            if let NoteContent::Object { name, .. } = &note.content {
                self.store.put_if_absent(name, Object::Note(rows));
            }
            content.notes.push(note);
        }
        content
            .sources
            .extend(upload.positions.iter().map(|(split, position)| SourceProgress {
                operator_id: SOURCE.to_owned(),
                partition: split.to_string(),
                position: position.to_string(),
            }));
        let event = WorkerEvent::Stored {
            pipeline: PIPELINE,
            generation,
            epoch,
            loop_id,
            content,
        };
        self.work(node, event);
    }

    pub(super) fn give_up(&mut self, node: Node, generation: u64, epoch: u64) {
        self.release(node, generation, epoch);
    }

    /// An alignment is over: what was held back comes now.
    fn release(&mut self, node: Node, generation: u64, epoch: u64) {
        let Some(part) = self.part(node, generation) else {
            return;
        };
        part.past = epoch.max(part.past);
        if part
            .aligning
            .as_ref()
            .is_some_and(|(aligning, _)| *aligning > epoch)
        {
            return;
        }
        part.aligning = None;
        let held = std::mem::take(&mut part.held);
        for (from, held) in held {
            match held {
                Held::Rows(rows) => self.rows_arrived(from, node, generation, rows),
                Held::Barrier(epoch) => self.barrier_arrived(from, node, generation, epoch),
            }
        }
    }

    /// An epoch is committed: the sink makes it visible.
    pub(super) fn deliver(&mut self, node: Node, generation: u64, epoch: u64) {
        let Some(part) = self.part(node, generation) else {
            return;
        };
        let later = part.undelivered.split_off(&(epoch + 1));
        let due = std::mem::replace(&mut part.undelivered, later);
        let subtask = part.subtask;
        for (epoch, rows) in due {
            self.make_visible(subtask, epoch, &rows);
        }
        let delay_us = self.rng.range(500, 20_000);
        self.schedule_local(node, delay_us, Local::Delivered { generation, epoch });
    }

    fn make_visible(&mut self, subtask: u32, epoch: u64, rows: &[u64]) {
        let new = self.outside.commit(subtask, epoch, rows).to_vec();
        self.ledger.visible(subtask, epoch, &new, &self.outside);
    }

    pub(super) fn peer_lost(&mut self, node: Node, generation: u64, peer: Node) {
        if self
            .part(node, generation)
            .is_some_and(|part| part.peers.contains(&peer))
        {
            self.fail_part(node, generation, "a connection is lost");
        }
    }

    fn part(&mut self, node: Node, generation: u64) -> Option<&mut Part> {
        self.nodes[node]
            .part
            .as_mut()
            .filter(|part| part.generation == generation)
    }

    /// The part that takes data of this generation: the handshake of a connection says which it is.
    fn receiving(&mut self, node: Node, generation: u64) -> Option<&mut Part> {
        let part = self.nodes[node].part.as_mut()?;
        (part.generation == generation || is_broken(Bug::HandshakeSkipped)).then_some(part)
    }
}
