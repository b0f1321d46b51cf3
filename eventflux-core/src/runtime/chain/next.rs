//! What follows an operator.

use super::{OutletStage, SinkStage, Stage};
use crate::element::StreamElement;
use crate::error::Result;
use crate::operator::Collector;
use crate::runtime::exchange::Exchange;
use crate::runtime::source::RimStage;

/// One branch of a chain's tree.
pub(crate) enum Next {
    /// Nobody reads this output.
    Nothing,
    /// Another operator of the chain.
    Stage(Box<Stage>),
    /// A stream of bad rows, which gets times and watermarks as any source.
    Rim(Box<RimStage>),
    /// Several branches; each gets everything.
    Fan(Vec<Next>),
    /// Other subtasks.
    Exchange(Exchange),
    /// The outside.
    Sink(Box<SinkStage>),
    /// This process.
    Outlet(Box<OutletStage>),
}

impl Next {
    /// Several branches as one.
    pub(crate) fn fan(mut branches: Vec<Next>) -> Self {
        branches.retain(|branch| !matches!(branch, Next::Nothing));
        match branches.len() {
            0 => Next::Nothing,
            1 => branches.remove(0),
            _ => Next::Fan(branches),
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Next::Nothing)
    }

    /// Takes an element that came by one of the inputs of the tree's root.
    pub(crate) fn collect_from(&mut self, input: usize, element: StreamElement) -> Result<()> {
        match self {
            Next::Nothing => Ok(()),
            Next::Stage(stage) => stage.take(input, element),
            Next::Rim(rim) => rim.collect(element),
            Next::Fan(branches) => {
                let Some((last, others)) = branches.split_last_mut() else {
                    return Ok(());
                };
                others
                    .iter_mut()
                    .try_for_each(|branch| branch.collect(element.clone()))?;
                last.collect(element)
            }
            Next::Exchange(exchange) => exchange.collect(element),
            Next::Sink(sink) => sink.collect(element),
            Next::Outlet(outlet) => outlet.collect(element),
        }
    }

    /// When an operator next wants to be called, microseconds of processing time.
    pub(crate) fn next_due_us(&mut self) -> Option<i64> {
        match self {
            Next::Stage(stage) => stage.next_due_us(),
            Next::Rim(rim) => rim.next_due_us(),
            Next::Fan(branches) => branches.iter_mut().filter_map(Next::next_due_us).min(),
            Next::Nothing | Next::Exchange(_) | Next::Sink(_) | Next::Outlet(_) => None,
        }
    }

    /// Calls the operators whose time has come.
    pub(crate) fn fire(&mut self, now_us: i64) -> Result<()> {
        match self {
            Next::Stage(stage) => stage.fire(now_us),
            Next::Rim(rim) => rim.fire(now_us),
            Next::Fan(branches) => branches.iter_mut().try_for_each(|branch| branch.fire(now_us)),
            Next::Nothing | Next::Exchange(_) | Next::Sink(_) | Next::Outlet(_) => Ok(()),
        }
    }

    /// The clock has moved: event time that is the clock's follows at once.
    pub(crate) fn follow_clock(&mut self) -> Result<()> {
        match self {
            Next::Stage(stage) => stage.branches().into_iter().try_for_each(Next::follow_clock),
            Next::Rim(rim) => rim.follow_clock(),
            Next::Fan(branches) => branches.iter_mut().try_for_each(Next::follow_clock),
            Next::Nothing | Next::Exchange(_) | Next::Sink(_) | Next::Outlet(_) => Ok(()),
        }
    }

    /// Copies a slice of what operators have frozen at a barrier. Whether there may be more.
    pub(crate) fn copy_frozen(&mut self) -> Result<bool> {
        match self {
            Next::Stage(stage) => stage.copy_frozen(),
            Next::Rim(rim) => copy_first(rim.branches()),
            Next::Fan(branches) => copy_first(branches),
            Next::Nothing | Next::Exchange(_) | Next::Sink(_) | Next::Outlet(_) => Ok(false),
        }
    }

    /// Whether operators have something frozen that is not all copied.
    pub(crate) fn has_frozen(&mut self) -> bool {
        match self {
            Next::Stage(stage) => stage.has_frozen(),
            Next::Rim(rim) => rim.branches().into_iter().any(Next::has_frozen),
            Next::Fan(branches) => branches.iter_mut().any(Next::has_frozen),
            Next::Nothing | Next::Exchange(_) | Next::Sink(_) | Next::Outlet(_) => false,
        }
    }

    /// Sends what exchanges hold back.
    pub(crate) fn flush_exchanges(&mut self) -> Result<()> {
        self.each_leaf(&mut |leaf| match leaf {
            Next::Exchange(exchange) => exchange.flush(),
            _ => Ok(()),
        })
    }

    /// Sends what exchanges hold back, and makes visible what sinks hold back: nothing more is at hand.
    pub(crate) fn pause(&mut self) -> Result<()> {
        self.each_leaf(&mut |leaf| match leaf {
            Next::Exchange(exchange) => exchange.flush(),
            Next::Sink(sink) => sink.flush(),
            _ => Ok(()),
        })
    }

    /// Brings gauges up to date.
    pub(crate) fn measure(&mut self) {
        match self {
            Next::Stage(stage) => stage.measure(),
            Next::Rim(rim) => rim.measure(),
            Next::Fan(branches) => branches.iter_mut().for_each(Next::measure),
            Next::Nothing | Next::Exchange(_) | Next::Sink(_) | Next::Outlet(_) => {}
        }
    }

    pub(crate) fn each_leaf(&mut self, visit: &mut dyn FnMut(&mut Next) -> Result<()>) -> Result<()> {
        match self {
            Next::Stage(stage) => stage
                .branches()
                .into_iter()
                .try_for_each(|branch| branch.each_leaf(visit)),
            Next::Rim(rim) => rim
                .branches()
                .into_iter()
                .try_for_each(|branch| branch.each_leaf(visit)),
            Next::Fan(branches) => branches.iter_mut().try_for_each(|branch| branch.each_leaf(visit)),
            leaf => visit(leaf),
        }
    }
}

/// Copies a slice in the first branch that has something frozen. Whether there may be more.
pub(crate) fn copy_first<'a>(branches: impl IntoIterator<Item = &'a mut Next>) -> Result<bool> {
    for branch in branches {
        if branch.copy_frozen()? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Collector for Next {
    fn collect(&mut self, element: StreamElement) -> Result<()> {
        self.collect_from(0, element)
    }
}
