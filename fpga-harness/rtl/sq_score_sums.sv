// Exact sums over a configuration of φ, 16 bits, on a periodic lattice of L by L sites that lies in a RAM. Hardware only: a host measures
// the configuration that it has. One multiplier; 8 clocks a site.
//
//   start_i        begins, also anew
//   log2_i         L = 2^log2_i, from 4 to 2^MaxLog2, and MaxLog2 is 5 at most; until done_o
//   addr_o         a site; phi_i is its φ 2 clocks later
//   done_o         1 in one clock, 8·L² + 8 clocks after start_i; from then on until the next start the sums are
//   sum_phi_o      Σ φ, signed: below 2^25 in magnitude, 2^25 with φ = -2^15 everywhere
//   sum_phi2_o     Σ φ²: at most 2^40
//   sum_phi4_*_o   Σ φ⁴, bits 63 to 0 and 71 to 64: at most 2^70
//   sum_bond_o     Σ φ·nn, nn the sum over four neighbours, signed: at most 2^42 in magnitude
//
// φ has f fractional bits, and the sums f, 2f, 4f and 2f of them.
module sq_score_sums #(
  parameter integer MaxLog2 = 5
) (
  input  wire                   clk_i,
  input  wire                   rst_i,
  input  wire                   start_i,
  input  wire [2:0]             log2_i,
  output wire [2*MaxLog2-1:0]   addr_o,
  input  wire signed [15:0]     phi_i,
  output wire                   done_o,
  output wire signed [31:0]     sum_phi_o,
  output wire [47:0]            sum_phi2_o,
  output wire [63:0]            sum_phi4_low_o,
  output wire [7:0]             sum_phi4_high_o,
  output wire signed [47:0]     sum_bond_o
);
  localparam integer A = 2 * MaxLog2;

  // Eight slots a site, one of which is 1. running_q: of a site whose words are read; late_q: of the one before, which is still worked on.
  reg [7:0] slot_q;
  reg running_q, late_q, last_q;
  reg [A-1:0] site_q, addr_q, row_q, columns_q, sites_q;
  wire [15:0] all = 16'd1 << {log2_i, 1'b0};
  wire [15:0] row = 16'd1 << log2_i;
  wire [A-1:0] next = site_q + 1'b1;
  wire [A-1:0] below = site_q + row_q;
  always_ff @(posedge clk_i) begin
    // L; bits of a column, bits of a site.
    row_q <= row[A-1:0];
    columns_q <= row[A-1:0] - 1'b1;
    sites_q <= all[A-1:0] - 1'b1;
    slot_q <= start_i ? 8'd1 : {slot_q[6:0], slot_q[7]};
    last_q <= site_q == sites_q;
    if (rst_i || start_i) begin
      running_q <= start_i && !rst_i;
      late_q <= 1'b0;
    end else if (slot_q[7]) begin
      running_q <= running_q && !last_q;
      late_q <= running_q;
    end
    if (start_i) site_q <= {A{1'b0}};
    else if (slot_q[7]) site_q <= next;
    // The site in slot 0, its neighbour to the right in slot 1, the one below in slot 2.
    if (start_i) addr_q <= {A{1'b0}};
    else if (slot_q[7]) addr_q <= next;
    else if (slot_q[0]) addr_q <= site_q & ~columns_q | next & columns_q;
    else if (slot_q[1]) addr_q <= below & sites_q;
  end
  assign addr_o = addr_q;

  // Words: φ at the end of slot 2, the neighbours behind it. Products are there three slots after their operands have been chosen:
  //   φ·φ in slot 6, φ·(right + below) in slot 8, and of φ² = a·2^15 + b a·a in slot 10, a·b in 11, b·b in 12.
  reg signed [15:0] here_q, right_q;
  reg signed [16:0] pair_q, x_q, y_q;
  reg [30:0] square_q;
  wire signed [33:0] product;
  wire signed [16:0] here = {here_q[15], here_q}, upper = {1'b0, square_q[30:15]}, lower = {2'b00, square_q[14:0]};
  always_ff @(posedge clk_i) begin
    if (slot_q[2]) here_q <= phi_i;
    right_q <= phi_i;
    if (slot_q[4]) pair_q <= {right_q[15], right_q} + {phi_i[15], phi_i};
    if (slot_q[6]) square_q <= product[30:0];
    x_q <= slot_q[7] || slot_q[0] ? upper : slot_q[1] ? lower : here;
    y_q <= slot_q[7] ? upper : slot_q[0] || slot_q[1] ? lower : slot_q[5] ? pair_q : here;
  end
  sq_prim_mult #(.A(17), .B(17)) mult (.clk_i(clk_i), .a_i(x_q), .b_i(y_q), .p_o(product));

  // φ⁴ is added in halves, the upper with the carry of the lower a clock later.
  reg signed [31:0] phi_q;
  reg [47:0] phi2_q;
  reg signed [47:0] bond_q;
  reg [71:0] term_q;
  reg [35:0] low_q, high_q, term_high_q;
  reg carry_q, term_here_q, term_late_q;
  wire [36:0] low = {1'b0, low_q} + {1'b0, term_q[35:0]};
  always_ff @(posedge clk_i) begin
    if (slot_q[2]) term_q <= {11'd0, product[30:0], 30'd0};
    else if (slot_q[3]) term_q <= {25'd0, product[30:0], 16'd0};
    else term_q <= {41'd0, product[30:0]};
    term_here_q <= late_q && (slot_q[2] || slot_q[3] || slot_q[4]);
    term_high_q <= term_q[71:36];
    carry_q <= low[36];
    term_late_q <= term_here_q;
    if (start_i) begin
      phi_q <= 32'sd0;
      phi2_q <= 48'd0;
      bond_q <= 48'sd0;
      low_q <= 36'd0;
      high_q <= 36'd0;
      term_here_q <= 1'b0;
      term_late_q <= 1'b0;
    end else begin
      if (slot_q[3] && running_q) phi_q <= phi_q + {{16{here_q[15]}}, here_q};
      if (slot_q[7] && running_q) phi2_q <= phi2_q + {17'd0, square_q};
      if (slot_q[0] && late_q) bond_q <= bond_q + {{13{product[33]}}, product, 1'b0};
      if (term_here_q) low_q <= low[35:0];
      if (term_late_q) high_q <= high_q + term_high_q + {35'd0, carry_q};
    end
  end
  reg done_q;
  always_ff @(posedge clk_i) done_q <= !rst_i && !start_i && late_q && !running_q && slot_q[6];
  assign done_o = done_q;
  assign sum_phi_o = phi_q;
  assign sum_phi2_o = phi2_q;
  assign {sum_phi4_high_o, sum_phi4_low_o} = {high_q, low_q};
  assign sum_bond_o = bond_q;

  wire unused = &{1'b0, product[33:31], all, row};
endmodule
