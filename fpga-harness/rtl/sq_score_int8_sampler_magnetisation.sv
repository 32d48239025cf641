// M/M_max from a random word: sign, half of the law, cell, place in the cell. Twin of core/src/score/int8/sampler.rs: magnetisation.
// One multiplier.
//
//   start_i    with random_i: 64 bits; not again before done_o
//   table_i    where the ends of the 256 cells begin, in words of the image; until done_o
//   addr_o     a word of the image; word_i is it 3 clocks later
//   done_o     1 in one clock, 14 to 29 clocks after start_i
//   m_o        from then on M/M_max with 14 fractional bits, within ±2^14
module sq_score_int8_sampler_magnetisation #(
  parameter integer ImageLog2 = 14
) (
  input  wire                   clk_i,
  input  wire                   rst_i,
  input  wire                   start_i,
  input  wire [63:0]            random_i,
  input  wire [ImageLog2-1:0]   table_i,
  output wire [ImageLog2-1:0]   addr_o,
  input  wire [15:0]            word_i,
  output wire                   done_o,
  output wire signed [15:0]     m_o
);
  // Clocks from an address to its word.
  localparam integer Read = 3;

  // The octave is the number of zeros that the word begins with behind its first bit, at most 15. They go one a clock, and the one behind
  // them. What is left begins with the cell in its octave and the place in the cell. below_q: 15 less the octave.
  reg search_q;
  reg [3:0] below_q;
  reg [33:0] rest_q;
  reg upper_q, negative_q;
  wire last = below_q == 4'd0;
  wire found = search_q && (last || rest_q[33]);
  always_ff @(posedge clk_i) begin
    search_q <= !rst_i && (start_i || search_q && !found);
    if (start_i) begin
      rest_q <= random_i[62:29];
      {upper_q, negative_q} <= {random_i[63], random_i[0]};
    end else if (search_q && !last) rest_q <= {rest_q[32:0], 1'b0};
    if (start_i) below_q <= 4'd15;
    else if (search_q && !found) below_q <= below_q - 1'b1;
  end

  // The cell's lower end, then its upper end. step_q[n]: n clocks after the first address.
  wire [6:0] from_end = {below_q, rest_q[33:31]};
  reg ready_q;
  reg [Read+7:0] step_q;
  reg [ImageLog2-1:0] addr_q;
  reg signed [15:0] low_q, high_q;
  always_ff @(posedge clk_i) begin
    ready_q <= !rst_i && found;
    step_q <= rst_i ? {(Read+8){1'b0}} : {step_q[Read+6:0], ready_q};
    if (ready_q) addr_q <= table_i + {{(ImageLog2-8){1'b0}}, upper_q, from_end ^ {7{upper_q}}};
    else if (step_q[0]) addr_q <= addr_q + 1'b1;
    if (step_q[Read]) low_q <= word_i;
    if (step_q[Read+1]) high_q <= word_i;
  end
  assign addr_o = addr_q;

  // The width of a cell, 15 bits, times the place, 16: below 2^30, of which the upper bits with half of their unit are the way from an end.
  reg [15:0] width_q;
  wire signed [32:0] product;
  sq_prim_mult #(.A(16), .B(17)) mult (.clk_i(clk_i), .a_i(width_q), .b_i({1'b0, rest_q[30:15]}), .p_o(product));
  reg [15:0] way_q, size_q, m_q;
  reg done_q;
  always_ff @(posedge clk_i) begin
    width_q <= high_q - low_q;
    way_q <= product[31:16] + {15'd0, product[15]};
    size_q <= upper_q ? high_q - way_q : low_q + way_q;
    if (step_q[Read+7]) m_q <= negative_q ? 16'd0 - size_q : size_q;
    done_q <= !rst_i && step_q[Read+7];
  end
  assign done_o = done_q;
  assign m_o = m_q;

  wire unused = &{1'b0, random_i[28:1], product[32], product[14:0]};
endmodule
