//! A drawing: operators in columns by their distance from a source.

use std::fmt::Write;

use super::label;
use crate::plan::{NodeId, PhysicalPlan};

const BOX_WIDTH: usize = 260;
const LINE_HEIGHT: usize = 14;
const GAP_X: usize = 130;
const GAP_Y: usize = 24;
const MARGIN: usize = 20;
/// Longer lines are cut; the text form has them in full.
const LINE_CHARS_MAX: usize = 38;

struct Placed {
    lines: Vec<String>,
    x: usize,
    y: usize,
    height: usize,
}

/// The plan as a standalone SVG document.
pub fn svg(plan: &PhysicalPlan) -> String {
    let placed = place(plan);
    let width = placed.iter().map(|node| node.x + BOX_WIDTH).max().unwrap_or(0) + MARGIN;
    let height = placed.iter().map(|node| node.y + node.height).max().unwrap_or(0) + MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"11\">\n<defs><marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker></defs>\n"
    );
    for edge in &plan.edges {
        draw_edge(
            &placed[edge.from.0],
            &placed[edge.to.0],
            &label::edge(plan, edge),
            &mut out,
        );
    }
    for node in &placed {
        draw_node(node, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn place(plan: &PhysicalPlan) -> Vec<Placed> {
    let mut depths: Vec<usize> = Vec::with_capacity(plan.nodes.len());
    let mut next_y: Vec<usize> = Vec::new();
    let mut placed = Vec::with_capacity(plan.nodes.len());
    for (index, node) in plan.nodes.iter().enumerate() {
        // Nodes are in topological order: every input has its depth already.
        let depth = plan
            .inputs(NodeId(index))
            .map(|edge| depths[edge.from.0] + 1)
            .max()
            .unwrap_or(0);
        depths.push(depth);
        if next_y.len() <= depth {
            next_y.resize(depth + 1, MARGIN);
        }
        let mut lines = vec![node.name.clone()];
        lines.extend(
            plan.describe(node.id)
                .into_iter()
                .map(|(word, value)| format!("{word}: {value}")),
        );
        lines.push(label::changelog(node));
        let height = (lines.len() + 1) * LINE_HEIGHT;
        placed.push(Placed {
            lines,
            x: MARGIN + depth * (BOX_WIDTH + GAP_X),
            y: next_y[depth],
            height,
        });
        next_y[depth] += height + GAP_Y;
    }
    placed
}

fn draw_node(node: &Placed, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{BOX_WIDTH}\" height=\"{}\" rx=\"4\" fill=\"#f7f7f2\" stroke=\"#555\"/>",
        node.x, node.y, node.height
    );
    for (number, line) in node.lines.iter().enumerate() {
        let (x, y) = (node.x + 8, node.y + (number + 1) * LINE_HEIGHT);
        let weight = if number == 0 { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"{y}\"{weight}>{}</text>",
            escaped(&cut(line))
        );
    }
}

fn draw_edge(from: &Placed, to: &Placed, text: &str, out: &mut String) {
    let (x1, y1) = (from.x + BOX_WIDTH, from.y + from.height / 2);
    let (x2, y2) = (to.x, to.y + to.height / 2);
    let middle = (x1 + x2) / 2;
    let _ = writeln!(
        out,
        "<path d=\"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#to)\"/>\n\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"9\">{}</text>",
        usize::midpoint(y1, y2).saturating_sub(4),
        escaped(&cut(text))
    );
}

fn cut(line: &str) -> String {
    if line.chars().count() <= LINE_CHARS_MAX {
        return line.to_owned();
    }
    line.chars().take(LINE_CHARS_MAX - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
