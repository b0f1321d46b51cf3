//! Starts the app and kills it, again and again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::point::Way;
use super::transfers::Dice;
use crate::command::{Outcome, Workplace};

/// How often the killer looks whether its victim has come to where it waits for it.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A run that does not come to where it is awaited within this time is killed where it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// Kills a run of `app.sql`, at moments and places that the dice say.
pub struct Killer {
    pub dice: Dice,
    /// A run that is not awaited at a fail point lives so long, milliseconds.
    pub lives_ms: Range<u64>,
    /// Where a run may be awaited.
    pub points: Vec<(&'static str, Way)>,
    /// How many died where; those that were killed at any moment are under "".
    pub deaths: BTreeMap<&'static str, u64>,
}

impl Killer {
    /// Lets the app die so many times, unless it comes to its end before.
    pub fn kill(&mut self, place: &Workplace, kills: u64) {
        while self.death_count() < kills {
            match self.one_life(place) {
                Some(at) => *self.deaths.entry(at).or_default() += 1,
                None => break,
            }
        }
    }

    pub fn death_count(&self) -> u64 {
        self.deaths.values().sum()
    }

    /// What is worth knowing of all deaths.
    pub fn summary(&self) -> String {
        let moments = self.deaths.get("").copied().unwrap_or_default();
        let aimed: Vec<_> = self
            .deaths
            .iter()
            .filter(|(point, _)| !point.is_empty())
            .collect();
        let mut text = format!(
            "{} kills: {moments} at any moment, {} within {} different steps\n",
            self.death_count(),
            self.death_count() - moments,
            aimed.len()
        );
        for (point, count) in aimed {
            text += &format!("  {count:>3} {point}\n");
        }
        text
    }

    /// Where the process was killed; `None`: it had come to its end.
    fn one_life(&mut self, place: &Workplace) -> Option<&'static str> {
        let parallelism = 1 + self.dice.below(3);
        // Every second one is awaited somewhere; the first has nothing to go on from, and does not come everywhere.
        let aim = match self.dice.below(2) {
            _ if self.deaths.is_empty() => None,
            0 => None,
            _ => {
                let (point, way) =
                    self.points[usize::try_from(self.dice.below(self.points.len() as u64)).unwrap()];
                let passes = self.dice.below(4);
                Some((point, if way.is_often() { passes } else { 0 }))
            }
        };
        let span_ms = self.lives_ms.end - self.lives_ms.start;
        let mut life = Duration::from_millis(self.lives_ms.start + self.dice.below(span_ms));
        let here = place.path("here");
        let _ = std::fs::remove_file(&here);
        let mut command = command(place, parallelism);
        if let Some((point, passes)) = aim {
            command.env("FAILPOINTS", waiting(point, passes, &here));
            life = PATIENCE;
        }
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + life;
        // The moment is the point of the test, not something that is waited for.
        while Instant::now() < deadline && !here.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(LOOK_AGAIN);
        }
        if child.try_wait().unwrap().is_some() {
            Outcome::of(child.wait_with_output().unwrap()).exits(0);
            return None;
        }
        let is_here = here.exists();
        child.kill().unwrap();
        child.wait().unwrap();
        Some(aim.filter(|_| is_here).map_or("", |(point, _)| point))
    }
}

/// The text that lets a run wait at a fail point, where it makes a file.
pub fn waiting(point: &str, passes: u64, here: &Path) -> String {
    format!("{point}*{passes}=wait:{}", here.display())
}

/// The command that goes on with the app.
pub fn command(place: &Workplace, parallelism: u64) -> Command {
    let mut command = place.command(&["run", "app.sql", "--state-dir", "state"]);
    add_pace(&mut command, parallelism);
    command
}

/// How fast it goes: many checkpoints.
pub fn add_pace(command: &mut Command, parallelism: u64) {
    let parallelism = parallelism.to_string();
    command
        .args([
            "--checkpoint-interval",
            "20ms",
            "--set",
            "batch_size=128",
            "-p",
            &parallelism,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
}

/// A run that waits at a fail point, or would.
pub struct Held {
    pub child: Child,
    here: PathBuf,
}

impl Held {
    /// Starts a run and waits until it is at a fail point for the (`passes` + 1)-th time.
    pub fn start(place: &Workplace, parallelism: u64, point: &str, passes: u64) -> Self {
        Self::start_by(command(place, parallelism), place, point, passes)
    }

    /// The same with a command that runs the app.
    pub fn start_by(mut command: Command, place: &Workplace, point: &str, passes: u64) -> Self {
        // Slowly, so that there is something left to do.
        command.args(["--set", "batch_size=1"]);
        Self::wait_by(command, place, point, passes)
    }

    /// The same with any command.
    pub fn wait_by(mut command: Command, place: &Workplace, point: &str, passes: u64) -> Self {
        let here = place.path("here");
        let _ = std::fs::remove_file(&here);
        let mut child = command
            .env("FAILPOINTS", waiting(point, passes, &here))
            .spawn()
            .unwrap();
        let began = Instant::now();
        while !here.exists() {
            if child.try_wait().unwrap().is_some() {
                let outcome = Outcome::of(child.wait_with_output().unwrap());
                panic!("it ended before {point}: {:?}\n{}", outcome.code, outcome.stderr);
            }
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "{point} is not reached"
            );
            std::thread::sleep(LOOK_AGAIN);
        }
        Self { child, here }
    }

    /// Lets it go on.
    pub fn release(self) -> Child {
        std::fs::remove_file(&self.here).unwrap();
        self.child
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A number of the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}
