//! Line charts as SVG.
//!
//! All numbers written are finite and inside the chart, and text is escaped. Long series are
//! thinned out to keep a chart small, without losing peaks.

use std::fmt::Write as _;

use super::escape;
use super::scale::Scale;

/// One chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: &'static str,
    /// The unit of its values.
    pub(super) unit: &'static str,
    /// What its points are at.
    pub(super) across: Across,
    /// The lines; their colours come by their order.
    pub(super) lines: Vec<ChartLine>,
    /// Whether values are best shown by factors, whatever they are.
    pub(super) is_log: bool,
}

/// What the points of a chart are at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Across {
    /// Seconds since the start.
    Time,
    /// The number of one of these names.
    Names(&'static [&'static str]),
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub(super) struct ChartLine {
    /// What it shows.
    pub(super) name: &'static str,
    /// The report's key of its values, for scripts.
    pub(super) key: &'static str,
    /// Where and how much; no value: a gap.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

impl ChartLine {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().filter_map(|(_, value)| *value)
    }

    fn max(&self) -> f64 {
        self.values().fold(0.0, f64::max)
    }
}

impl Chart {
    /// The chart with its title and legend, as a `figure`.
    pub(super) fn to_html(&self) -> String {
        let lines: Vec<ChartLine> = self.lines.iter().map(sound).collect();
        let axis = self.vertical(&lines);
        let mut html = String::new();
        let log = if axis.is_log { ", logarithmic" } else { "" };
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            html,
            "<figure class=\"chart\"><figcaption><h3>{}</h3><span class=\"unit\">{}{log}</span>",
            escape(self.title),
            escape(self.unit)
        );
        html += "<span class=\"legend\">";
        for (number, line) in lines.iter().enumerate() {
            let _ = write!(html, "<span class=\"key s{number}\">{}</span>", escape(line.name));
        }
        html += "</span></figcaption>";
        self.svg(&lines, &axis.scale, &mut html);
        html += "</figure>\n";
        html
    }

    fn vertical(&self, lines: &[ChartLine]) -> Vertical {
        let max = lines.iter().map(ChartLine::max).fold(0.0, f64::max);
        let positive = lines.iter().flat_map(ChartLine::values).filter(|value| *value > 0.0);
        let min = positive.fold(f64::INFINITY, f64::min);
        let peaks: Vec<f64> = lines.iter().map(ChartLine::max).filter(|max| *max > 0.0).collect();
        let lowest_peak = peaks.iter().copied().fold(f64::INFINITY, f64::min);
        // On one even scale a line with small values would lie flat on the ground.
        if max > 0.0 && (self.is_log || max / lowest_peak >= FAR_APART) {
            let zeros = lines.iter().flat_map(ChartLine::values).any(|value| value <= 0.0);
            return Vertical { scale: Scale::log(min, max, zeros), is_log: true };
        }
        Vertical { scale: Scale::linear(max), is_log: false }
    }

    fn svg(&self, lines: &[ChartLine], vertical: &Scale, html: &mut String) {
        let end = lines.iter().flat_map(|line| &line.points).map(|(at, _)| *at).fold(0.0, f64::max);
        let across = match self.across {
            Across::Time => Scale::time(end),
            Across::Names(names) => Scale::names(names),
        };
        let (low, high) = across.ends();
        let kind = match self.across {
            Across::Time => "time",
            Across::Names(_) => "names",
        };
        let _ = write!(
            html,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" \
             data-across=\"{kind}\" data-low=\"{low}\" data-high=\"{high}\">\
             <rect class=\"plot\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/>",
            escape(self.title),
            RIGHT - LEFT,
            BOTTOM - TOP
        );
        for (value, label) in &vertical.ticks {
            let y = down(vertical.place(*value));
            let _ = write!(
                html,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"left\" x=\"{}\" y=\"{:.1}\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                escape(label)
            );
        }
        for (value, label) in &across.ticks {
            let x = right(across.place(*value));
            let _ = write!(
                html,
                "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{BOTTOM}\" y2=\"{}\"/>\
                 <text class=\"below\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                BOTTOM + 4.0,
                BOTTOM + 18.0,
                escape(label)
            );
        }
        let mut is_empty = true;
        for (number, line) in lines.iter().enumerate() {
            let path = path(&line.points, &across, vertical);
            if path.is_empty() {
                continue;
            }
            is_empty = false;
            let _ = write!(
                html,
                "<path class=\"line s{number}\" data-name=\"{}\" data-key=\"{}\" \
                 data-points=\"{}\" d=\"{path}\"/>",
                escape(line.name),
                escape(line.key),
                data(&line.points)
            );
            if matches!(self.across, Across::Names(_)) {
                for (at, value) in &line.points {
                    let Some(value) = value else { continue };
                    let (x, y) = (right(across.place(*at)), down(vertical.place(*value)));
                    let _ = write!(
                        html,
                        "<circle class=\"dot s{number}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
                    );
                }
            }
        }
        if is_empty {
            let (x, y) = (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, BOTTOM));
            let _ = write!(html, "<text class=\"empty\" x=\"{x}\" y=\"{y}\">no data</text>");
        }
        let _ = write!(
            html,
            "<line class=\"cursor\" x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/></svg>"
        );
    }
}

struct Vertical {
    scale: Scale,
    is_log: bool,
}

/// The line without what cannot be drawn, and short enough.
fn sound(line: &ChartLine) -> ChartLine {
    let finite = |value: &f64| value.is_finite() && *value >= 0.0;
    let points: Vec<_> = line
        .points
        .iter()
        .filter(|(at, _)| finite(at))
        .map(|(at, value)| (*at, value.filter(finite)))
        .collect();
    ChartLine { points: thin(&points), ..line.clone() }
}

/// At most [`MOST_POINTS`] points: of each group of neighbours the one with the largest value.
fn thin(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let size = points.len().div_ceil(MOST_POINTS);
    // Gaps are less than any value.
    let largest = |group: &[(f64, Option<f64>)]| {
        group
            .iter()
            .copied()
            .max_by(|(_, a), (_, b)| a.unwrap_or(-1.0).total_cmp(&b.unwrap_or(-1.0)))
    };
    points.chunks(size).filter_map(largest).collect()
}

fn path(points: &[(f64, Option<f64>)], across: &Scale, vertical: &Scale) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for (index, (at, value)) in points.iter().enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let (x, y) = (right(across.place(*at)), down(vertical.place(*value)));
        let command = if is_drawing { 'L' } else { 'M' };
        let _ = write!(path, "{command}{x:.1},{y:.1}");
        let goes_on = points.get(index + 1).is_some_and(|(_, next)| next.is_some());
        if !is_drawing && !goes_on {
            // A line without length; its round ends make a dot.
            let _ = write!(path, "L{x:.1},{y:.1}");
        }
        is_drawing = true;
    }
    path
}

/// `at:value` of each point, for the read-out and for scripts.
fn data(points: &[(f64, Option<f64>)]) -> String {
    let points = points.iter().filter_map(|(at, value)| value.map(|value| format!("{at}:{value}")));
    points.collect::<Vec<_>>().join(" ")
}

fn right(part: f64) -> f64 {
    LEFT + part * (RIGHT - LEFT)
}

fn down(part: f64) -> f64 {
    BOTTOM - part * (BOTTOM - TOP)
}

/// Size of a chart in its own units, and where its plot lies; the page's script knows them too.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 464.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 210.0;

/// More points than a chart has pixels show nothing more.
const MOST_POINTS: usize = 600;

/// Peaks that differ by this factor do not fit on one even scale.
const FAR_APART: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(lines: Vec<ChartLine>) -> Chart {
        Chart { title: "Title", unit: "ms", across: Across::Time, lines, is_log: false }
    }

    fn line(values: &[Option<f64>]) -> ChartLine {
        let points = values.iter().enumerate().map(|(at, value)| (at as f64, *value)).collect();
        ChartLine { name: "name", key: "key", points }
    }

    /// All points of all lines.
    fn drawn(html: &str) -> Vec<(f64, f64)> {
        html.split(" d=\"")
            .skip(1)
            .flat_map(|rest| rest.split('"').next().unwrap().split(['M', 'L']))
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (x, y) = pair.split_once(',').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn points_lie_where_their_values_are() {
        let html = chart(vec![line(&[Some(0.0), Some(50.0), Some(100.0)])]).to_html();
        assert_eq!(drawn(&html), [(52.0, 210.0), (258.0, 110.0), (464.0, 10.0)]);
        assert!(html.contains("data-points=\"0:0 1:50 2:100\""), "{html}");
        for label in ["0", "20", "100", "2 s"] {
            assert!(html.contains(&format!(">{label}</text>")), "{label}: {html}");
        }
    }

    #[test]
    fn series_of_any_length_are_drawn() {
        assert!(chart(vec![line(&[])]).to_html().contains("no data"));
        assert!(chart(Vec::new()).to_html().contains("no data"));
        let one = chart(vec![line(&[Some(3.0)])]).to_html();
        assert_eq!(drawn(&one).len(), 2, "{one}");
        let long: Vec<Option<f64>> = (0..36_000_u32).map(|n| Some(f64::from(n % 7))).collect();
        let html = chart(vec![line(&long)]).to_html();
        assert!((300..=600).contains(&drawn(&html).len()), "{}", drawn(&html).len());
        assert!(html.len() < 30_000, "{}", html.len());
    }

    #[test]
    fn thinning_out_keeps_every_peak() {
        let mut values = vec![Some(1.0); 36_000];
        values[17_003] = Some(900.0);
        values[17_004] = None;
        let thin = thin(&line(&values).points);
        assert_eq!(thin.iter().filter(|point| **point == (17_003.0, Some(900.0))).count(), 1);
    }

    #[test]
    fn gaps_stay_gaps_and_lonely_points_are_seen() {
        let html = chart(vec![line(&[Some(1.0), None, Some(1.0), Some(1.0), None])]).to_html();
        let path = html.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert_eq!(path.matches('L').count(), 2, "{path}");
    }

    #[test]
    fn value_that_is_no_number_is_not_drawn() {
        let values = [Some(f64::NAN), Some(f64::INFINITY), Some(-1.0), Some(2.0), Some(f64::MAX)];
        let mut bad = line(&values);
        bad.points.push((f64::NAN, Some(1.0)));
        for is_log in [false, true] {
            let html = Chart { is_log, ..chart(vec![bad.clone()]) }.to_html();
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
            for (x, y) in drawn(&html) {
                assert!((LEFT..=RIGHT).contains(&x) && (TOP..=BOTTOM).contains(&y), "{x},{y}");
            }
        }
    }

    #[test]
    fn lines_far_apart_get_a_scale_of_factors() {
        let near = chart(vec![line(&[Some(10.0)]), line(&[Some(100.0)])]).to_html();
        assert!(!near.contains("logarithmic"), "{near}");
        let far = chart(vec![line(&[Some(0.0), Some(10.0)]), line(&[Some(1000.0)])]).to_html();
        assert!(far.contains("ms, logarithmic") && far.contains(">0</text>"), "{far}");
        let zero = Chart { is_log: true, ..chart(vec![line(&[Some(0.0)])]) }.to_html();
        assert!(!zero.contains("logarithmic"), "{zero}");
    }
}
