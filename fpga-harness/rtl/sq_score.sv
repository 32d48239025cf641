// The quantised score as a sampler of its own: from a seed and an image to configurations, one after the other. Twin of
// agent/src/score.rs.
//
// The image lies in block RAM as its bytes came; what its header says, the host reads and writes into registers
// (rtl/gen/sq_score_registers_gen.svh). While a stage runs, the next one is made ready in the other bank.
//
//   phase_i        1 every second clock
//   cfg_*          a register; image_*: a word of the image, 16 bits: while busy_o is 0
//   One of these in one clock, while busy_o is 0 (abort_i at any time):
//   fits_o         whether what the registers say of the image fits this circuit
//   check_i        compares the image with its check sum: good_o, which every word and register that is written takes away, but for
//                  seed and number
//   begin_i        configuration `Chain`: its keys, m_o = M/M_max, its start
//   run_i          so many stages_i, as far as there are; step_o of them are done
//   finish_i       φ of the modes as they are, and its sums
//   draw_i         count_i configurations, from `Chain` on: begin, all stages, finish. drawn_o of them are done
//   abort_i        ends a run after the stage, and a draw after the configuration, that is under way
//   field_*        modes u, while busy_o is 0: read data 4 clocks after the address. phi_*: φ, 2 clocks after
//   sums_*         of configuration n of a draw, the last 64 of them: word {n, 0} Σφ, {n, 1} and {n, 2} Σφ², {n, 3} to {n, 5}
//                  Σφ⁴, {n, 6} and {n, 7} Σφ·nn, each from its lowest word on; 2 clocks after the address
//   show_*         as of sq_score_int8_sampler
module sq_score #(
  parameter integer Lanes = 16,
  parameter integer MaxLog2 = 5,
  parameter integer Units = 24,
  parameter integer ImageLog2 = 14
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire                         phase_i,
  input  wire                         cfg_we_i,
  input  wire        [4:0]            cfg_addr_i,
  input  wire        [31:0]           cfg_data_i,
  input  wire                         image_we_i,
  input  wire        [ImageLog2-1:0]  image_addr_i,
  input  wire        [15:0]           image_data_i,
  input  wire                         check_i,
  input  wire                         begin_i,
  input  wire                         run_i,
  input  wire        [15:0]           stages_i,
  input  wire                         finish_i,
  input  wire                         draw_i,
  input  wire        [31:0]           count_i,
  input  wire                         abort_i,
  output wire                         busy_o,
  output wire                         good_o,
  output wire                         fits_o,
  output wire        [2*MaxLog2:0]    sites_o,
  output wire        [10:0]           stages_o,
  output wire signed [15:0]           m_o,
  output wire        [10:0]           step_o,
  output wire        [31:0]           drawn_o,
  input  wire                         field_we_i,
  input  wire        [2*MaxLog2-1:0]  field_addr_i,
  input  wire        [15:0]           field_data_i,
  output wire        [15:0]           field_data_o,
  input  wire        [2*MaxLog2-1:0]  phi_addr_i,
  output wire        [15:0]           phi_data_o,
  input  wire        [8:0]            sums_addr_i,
  output wire        [31:0]           sums_data_o,
  output wire        [4:0]            show_o,
  output wire signed [15:0]           show_y_o,
  output wire signed [15:0]           show_h_o,
  output wire signed [15:0]           show_score_o,
  output wire signed [15:0]           show_u_o,
  output wire signed [15:0]           show_phi_o
);
`include "sq_score_registers_gen.svh"
  // Orbits of the largest lattice: 153 for 32².
  localparam integer OrbitsLog2 = 8;

  // What is written from outside, whose place on the chip is another.
  reg cfg_we_q, image_we_q, field_we_q;
  reg [4:0] cfg_addr_q;
  reg [31:0] cfg_data_q;
  reg [ImageLog2-1:0] image_waddr_q;
  reg [15:0] image_wdata_q, field_data_q;
  reg [2*MaxLog2-1:0] field_addr_q;
  reg [63:0] seed_q;
  reg [31:0] chain_q, check_q;
  reg [2:0] log2_q;
  reg [5:0] first_q, second_q, period_q;
  reg [4:0] last1_q, last2_q;
  reg [5:0] last_slot_q;
  reg [10:0] stages_q;
  reg flow_q;
  reg signed [15:0] largest_q;
  reg [44:0] shifts_q;
  reg [OrbitsLog2-1:0] orbits_q;
  reg [ImageLog2-1:0] matrix_q, magnetisation_q, end_q, gains_q, rows_q, row_q, records_q, weights_q, length_q;
  wire next_chain;
  always_ff @(posedge clk_i) begin
    cfg_we_q <= cfg_we_i;
    cfg_addr_q <= cfg_addr_i;
    cfg_data_q <= cfg_data_i;
    image_we_q <= image_we_i;
    image_waddr_q <= image_addr_i;
    image_wdata_q <= image_data_i;
    field_we_q <= field_we_i;
    field_addr_q <= field_addr_i;
    field_data_q <= field_data_i;
    if (cfg_we_q) begin
      case (cfg_addr_q)
        ScoreSeedLow: seed_q[31:0] <= cfg_data_q;
        ScoreSeedHigh: seed_q[63:32] <= cfg_data_q;
        ScoreExtent: log2_q <= cfg_data_q[2:0];
        ScoreFirst: first_q <= cfg_data_q[5:0];
        ScoreSecond: second_q <= cfg_data_q[5:0];
        ScoreStages: stages_q <= cfg_data_q[10:0];
        ScoreFlow: flow_q <= cfg_data_q[0];
        ScoreLargest: largest_q <= cfg_data_q[15:0];
        ScoreShiftsLow: shifts_q[19:0] <= cfg_data_q[19:0];
        ScoreShiftsHigh: shifts_q[44:20] <= cfg_data_q[24:0];
        ScoreOrbits: orbits_q <= cfg_data_q[OrbitsLog2-1:0];
        ScoreMatrix: matrix_q <= cfg_data_q[ImageLog2-1:0];
        ScoreMagnetisation: magnetisation_q <= cfg_data_q[ImageLog2-1:0];
        ScoreEnd: end_q <= cfg_data_q[ImageLog2-1:0];
        ScoreGains: gains_q <= cfg_data_q[ImageLog2-1:0];
        ScoreRows: rows_q <= cfg_data_q[ImageLog2-1:0];
        ScoreRow: row_q <= cfg_data_q[ImageLog2-1:0];
        ScoreRecords: records_q <= cfg_data_q[ImageLog2-1:0];
        ScoreWeights: weights_q <= cfg_data_q[ImageLog2-1:0];
        ScoreLength: length_q <= cfg_data_q[ImageLog2-1:0];
        ScoreCheck: check_q <= cfg_data_q;
        ScorePeriod: period_q <= cfg_data_q[5:0];
        default: ;
      endcase
    end
    if (cfg_we_q && cfg_addr_q == ScoreChain) chain_q <= cfg_data_q;
    else if (next_chain) chain_q <= chain_q + 1'b1;
    last1_q <= first_q[4:0] - 1'b1;
    last2_q <= second_q[4:0] - 1'b1;
    last_slot_q <= period_q - 1'b1;
  end

  // What is done, in this order. Whether a state is left is decided in one clock, and done in the next; conditions that last
  // are looked at from the fourth clock of a state on.
  localparam [3:0] Idle = 4'd0, Check = 4'd1, Line = 4'd2, Words = 4'd3, Magnetisation = 4'd4, Start = 4'd5, Ready = 4'd6, Hand = 4'd7,
    Stage = 4'd8, End = 4'd9, Finish = 4'd10, Sums = 4'd11, Store = 4'd12;
  reg [3:0] state_q, to_q;
  reg go_q, drawing_q, abort_q;
  reg [3:0] entered_q;
  wire starts = entered_q[0];
  wire settled = entered_q == 4'd0 && !go_q;
  reg [15:0] left_q;
  reg [31:0] count_q, drawn_q;
  reg [10:0] step_q;
  wire check_done, line_done, words_done, magnetisation_done, stage_busy, handing, sampler_busy, sums_done, store_done;
  // What is ready in the bank that does not run: a stage, or the end, which has the number behind the last one.
  reg ready_q, bank_q, making_q, made_q;
  reg [10:0] ready_stage_q;
  reg stage_ready_q, end_ready_q, more_q, ends_q, last_q;
  wire command = check_i || begin_i || run_i || finish_i || draw_i;
  reg leaves;
  reg [3:0] to;
  always_comb begin
    leaves = settled;
    to = Idle;
    case (state_q)
      Idle: begin
        leaves = command && !go_q;
        to = check_i ? Check : begin_i || draw_i ? Line : run_i ? Ready : End;
      end
      Check: leaves = check_done;
      Line: {leaves, to} = {settled && line_done, Words};
      Words: {leaves, to} = {words_done, Magnetisation};
      Magnetisation: {leaves, to} = {magnetisation_done, Start};
      Start: {leaves, to} = {settled && !sampler_busy, drawing_q ? Ready : Idle};
      Ready: {leaves, to} = {settled && (ends_q || stage_ready_q), !ends_q ? Hand : drawing_q ? End : Idle};
      Hand: {leaves, to} = {settled && !handing, Stage};
      Stage: {leaves, to} = {settled && !sampler_busy, Ready};
      End: {leaves, to} = {settled && end_ready_q, Finish};
      Finish: {leaves, to} = {settled && !sampler_busy, Sums};
      Sums: {leaves, to} = {sums_done, Store};
      Store: {leaves, to} = {store_done, drawing_q && !last_q && !abort_q && !abort_i ? Line : Idle};
      default: ;
    endcase
  end
  assign next_chain = go_q && state_q == Store && drawing_q;
  wire stage_done = go_q && state_q == Stage;
  always_ff @(posedge clk_i) begin
    go_q <= !rst_i && leaves;
    to_q <= to;
    if (rst_i) state_q <= Idle;
    else if (go_q) state_q <= to_q;
    entered_q <= rst_i ? 4'd0 : {entered_q[2:0], go_q};
    // Of the step and the stage that is ready as they have been for a clock.
    more_q <= step_q != stages_q;
    ends_q <= step_q == stages_q || (!drawing_q && (left_q == 16'd0 || abort_q));
    last_q <= count_q == 32'd1;
    stage_ready_q <= ready_q && !making_q && ready_stage_q == step_q;
    end_ready_q <= ready_q && !making_q && ready_stage_q == stages_q;
    if (rst_i || (state_q == Idle && command)) begin
      drawing_q <= !rst_i && draw_i;
      left_q <= stages_i;
      count_q <= count_i;
      abort_q <= 1'b0;
    end else begin
      if (stage_done) left_q <= left_q - 1'b1;
      if (next_chain) count_q <= count_q - 1'b1;
      if (abort_i) abort_q <= 1'b1;
    end
    if (draw_i && state_q == Idle) drawn_q <= 32'd0;
    else if (next_chain) drawn_q <= drawn_q + 1'b1;
    if (state_q == Line) step_q <= 11'd0;
    else if (stage_done) step_q <= step_q + 1'b1;
  end
  assign busy_o = state_q != Idle || go_q || making_q;
  assign step_o = step_q;
  assign drawn_o = drawn_q;

  // The image, and who reads it: one at a time.
  wire [ImageLog2-1:0] check_addr, magnetisation_addr, stage_addr;
  reg [ImageLog2-1:0] line_at_q, image_raddr_q;
  // In two halves, each with a register of its own before one of them is chosen.
  wire [15:0] image_lower, image_upper;
  reg [1:0] image_half_q;
  wire [15:0] image_word = image_half_q[1] ? image_upper : image_lower;
  always_ff @(posedge clk_i) begin
    case (state_q)
      Check: image_raddr_q <= check_addr;
      Line: image_raddr_q <= line_at_q;
      Magnetisation: image_raddr_q <= magnetisation_addr;
      default: image_raddr_q <= stage_addr;
    endcase
    image_half_q <= {image_half_q[0], image_raddr_q[ImageLog2-1]};
  end
  sq_prim_ram #(.Width(16), .AddrW(ImageLog2-1)) ram_image_lower (
    .clk_i(clk_i), .we_i(image_we_q && !image_waddr_q[ImageLog2-1]), .waddr_i(image_waddr_q[ImageLog2-2:0]),
    .wdata_i(image_wdata_q), .raddr_i(image_raddr_q[ImageLog2-2:0]), .rdata_o(image_lower)
  );
  sq_prim_ram #(.Width(16), .AddrW(ImageLog2-1)) ram_image_upper (
    .clk_i(clk_i), .we_i(image_we_q && image_waddr_q[ImageLog2-1]), .waddr_i(image_waddr_q[ImageLog2-2:0]),
    .wdata_i(image_wdata_q), .raddr_i(image_raddr_q[ImageLog2-2:0]), .rdata_o(image_upper)
  );
  wire [31:0] crc;
  reg good_q;
  sq_score_int8_image_crc #(.ImageLog2(ImageLog2)) image_crc (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(starts && state_q == Check), .length_i(length_q), .addr_o(check_addr),
    .word_i(image_word), .done_o(check_done), .crc_o(crc)
  );
  always_ff @(posedge clk_i) begin
    if (rst_i || image_we_q || (cfg_we_q && cfg_addr_q > ScoreChain)) good_q <= 1'b0;
    else if (check_done) good_q <= crc == check_q;
  end
  assign good_o = good_q;
  // Of numbers that are too large for their registers the host knows by itself: what is looked at here is that nothing stands still.
  localparam [31:0] Most = Units;
  reg fits_q;
  always_ff @(posedge clk_i) begin
    fits_q <= log2_q >= 3'd2 && log2_q <= MaxLog2[2:0] && first_q != 6'd0 && first_q <= Most[5:0] && second_q != 6'd0
      && second_q <= Most[5:0] && period_q >= 6'd23 && period_q >= first_q && period_q >= second_q && stages_q != 11'd0;
  end
  assign fits_o = fits_q;
  assign sites_o = {{(2*MaxLog2){1'b0}}, 1'b1} << {log2_q, 1'b0};
  assign stages_o = stages_q;

  // The line of H: its words come 3 clocks after their addresses.
  reg [MaxLog2:0] line_q;
  reg [3:0] line_valid_q;
  reg [4*MaxLog2-1:0] line_waddr_q;
  wire [MaxLog2:0] extent = {{MaxLog2{1'b0}}, 1'b1} << log2_q;
  wire line_runs = state_q == Line && !starts && line_q != extent;
  always_ff @(posedge clk_i) begin
    line_q <= starts ? {(MaxLog2+1){1'b0}} : line_runs ? line_q + 1'b1 : line_q;
    line_at_q <= matrix_q + {{(ImageLog2-MaxLog2-1){1'b0}}, line_q};
    line_valid_q <= rst_i ? 4'd0 : {line_valid_q[2:0], line_runs};
    line_waddr_q <= {line_waddr_q[3*MaxLog2-1:0], line_q[MaxLog2-1:0]};
  end
  assign line_done = state_q == Line && !starts && line_q == extent && line_valid_q == 4'd0;

  // Words: the keys of noise, start and M under the seed, the word of M under its key; then those of start and noise.
  localparam [1:0] KeyNoise = 2'd0, KeyStart = 2'd1, KeyM = 2'd2, WordM = 2'd3;
  reg [1:0] purpose_q;
  reg [63:0] key_noise_q, key_start_q, key_m_q, word_m_q, key_q;
  reg [43:0] words_step_q;
  reg [19:0] words_first_q;
  reg [5:0] words_at_q;
  reg asks_q, words_run_q;
  wire sampler_words;
  // The schedule of a key takes some clocks.
  reg [2:0] settle_q;
  wire words_ask = asks_q && settle_q == 3'd0 && phase_i;
  wire pair_done = words_run_q && words_at_q == 6'd35;
  wire [31:0] word;
  reg [31:0] low_q;
  always_ff @(posedge clk_i) begin
    case (purpose_q)
      WordM: key_q <= state_q == Words ? key_m_q : state_q == Start ? key_start_q : key_noise_q;
      default: key_q <= seed_q;
    endcase
    words_step_q <= state_q != Words ? {33'd0, state_q == Start ? 11'd0 : step_q} : purpose_q == WordM ? 44'd0 : {12'd0, chain_q};
    // StreamTag of core/src/noise/words.rs, above 16 bits of the block.
    words_first_q <= state_q != Words ? 20'd0 : purpose_q == KeyStart ? 20'h10000 : purpose_q == KeyM ? 20'h40000 : 20'd0;
    if (state_q != Words) settle_q <= 3'd7;
    else if (pair_done) settle_q <= 3'd7;
    else if (settle_q != 3'd0) settle_q <= settle_q - 1'b1;
    if (rst_i) {asks_q, words_run_q} <= 2'b00;
    else begin
      if (words_ask) asks_q <= 1'b0;
      else if (state_q == Words && (starts || (pair_done && purpose_q != WordM))) asks_q <= 1'b1;
      if (words_ask) words_run_q <= 1'b1;
      else if (pair_done) words_run_q <= 1'b0;
    end
    words_at_q <= words_ask ? 6'd1 : words_at_q + 1'b1;
    if (words_at_q == 6'd34) low_q <= word;
    if (starts && state_q == Words) purpose_q <= KeyNoise;
    else if (pair_done && purpose_q != WordM) purpose_q <= purpose_q + 1'b1;
    if (pair_done) begin
      case (purpose_q)
        KeyNoise: key_noise_q <= {word, low_q};
        KeyStart: key_start_q <= {word, low_q};
        KeyM: key_m_q <= {word, low_q};
        default: word_m_q <= {word, low_q};
      endcase
    end
  end
  assign words_done = pair_done && purpose_q == WordM;
  // Two clocks later, so that phase_i is again 1: who asks may be far away.
  reg [1:0] words_start_q;
  always_ff @(posedge clk_i) words_start_q <= rst_i ? 2'd0 : {words_start_q[0], words_ask || sampler_words};
  sq_noise_words #(.SitesLog2(21)) words (
    .clk_i(clk_i), .phase_i(phase_i), .start_i(words_start_q[1]), .first_i(words_first_q), .step_i(words_step_q),
    .key0_i(key_q[31:0]), .key1_i(key_q[63:32]), .word_o(word)
  );
  wire signed [15:0] m;
  sq_score_int8_sampler_magnetisation #(.ImageLog2(ImageLog2)) magnetisation (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(starts && state_q == Magnetisation), .random_i(word_m_q), .table_i(magnetisation_q),
    .addr_o(magnetisation_addr), .word_i(image_word), .done_o(magnetisation_done), .m_o(m)
  );
  assign m_o = m;

  // The stage that comes: made in the bank that does not run, once M is known. What is asked for in Ready and End goes
  // before the stage after the one that has been handed over.
  wire wanted = state_q == Ready && settled && !ends_q && more_q && !stage_ready_q;
  wire wanted_end = state_q == End && settled && !end_ready_q;
  wire follows = state_q == Stage && starts;
  wire make = !making_q && !made_q && (wanted || wanted_end || follows);
  wire [10:0] following = step_q + 1'b1;
  wire [10:0] made = wanted ? step_q : wanted_end ? stages_q : following;
  reg make_q, make_last_q;
  wire closes;
  reg closes_q;
  always_ff @(posedge clk_i) begin
    make_q <= make && !rst_i;
    made_q <= making_q;
    if (make) begin
      ready_stage_q <= made;
      make_last_q <= made == stages_q;
    end
    if (rst_i) making_q <= 1'b0;
    else if (make) making_q <= 1'b1;
    else if (!make_q && !stage_busy) making_q <= 1'b0;
    if (rst_i || state_q == Line || (state_q == Hand && starts)) ready_q <= 1'b0;
    else if (make) ready_q <= 1'b1;
    // What has been handed over runs.
    if (rst_i) bank_q <= 1'b0;
    else if (go_q && state_q == Hand) bank_q <= !bank_q;
    if (state_q == Hand && starts) closes_q <= closes;
  end
  wire [3:0] table_we;
  wire [OrbitsLog2:0] table_addr;
  wire [15:0] table_data;
  wire weight_we, weight_layer;
  wire [4:0] weight_pair;
  wire [5:0] weight_unit;
  wire [31:0] weight_data;
  wire scalar_we;
  wire [4:0] scalar_addr;
  wire [15:0] scalar_data;
  sq_score_int8_stage #(.ImageLog2(ImageLog2), .Units(Units), .OrbitsLog2(OrbitsLog2)) stage (
    .clk_i(clk_i), .rst_i(rst_i), .rows_i(rows_q), .row_length_i(row_q), .records_i(records_q), .gains_i(gains_q),
    .weights_i(weights_q), .end_i(end_q), .orbits_i(orbits_q), .first_i(first_q), .second_i(second_q),
    .start_i(make_q), .stage_i(ready_stage_q[9:0]), .last_i(make_last_q), .bank_i(bank_q), .m_i(m),
    .busy_o(stage_busy), .closes_o(closes), .addr_o(stage_addr), .word_i(image_word),
    .table_we_o(table_we), .table_addr_o(table_addr), .table_data_o(table_data),
    .weight_we_o(weight_we), .weight_layer_o(weight_layer), .weight_pair_o(weight_pair), .weight_unit_o(weight_unit),
    .weight_data_o(weight_data), .hand_i(state_q == Hand && starts), .handing_o(handing),
    .scalar_we_o(scalar_we), .scalar_addr_o(scalar_addr), .scalar_data_o(scalar_data)
  );

  wire [2*MaxLog2-1:0] sums_phi_addr;
  wire [15:0] phi;
  sq_score_int8_sampler #(.Lanes(Lanes), .MaxLog2(MaxLog2), .Units(Units), .OrbitsLog2(OrbitsLog2)) sampler (
    .clk_i(clk_i), .rst_i(rst_i), .phase_i(phase_i), .log2_i(log2_q), .last_slot_i(last_slot_q), .last1_i(last1_q),
    .last2_i(last2_q), .shifts_i(shifts_q), .flow_i(flow_q), .largest_i(largest_q), .m_i(m),
    .line_we_i(line_valid_q[3]), .line_addr_i(line_waddr_q[4*MaxLog2-1:3*MaxLog2]), .line_data_i(image_word),
    .table_we_i(table_we), .table_addr_i(table_addr), .table_data_i(table_data),
    .weight_we_i(weight_we), .weight_layer_i(weight_layer), .weight_pair_i(weight_pair), .weight_unit_i(weight_unit),
    .weight_data_i(weight_data), .scalar_we_i(scalar_we), .scalar_addr_i(scalar_addr), .scalar_data_i(scalar_data),
    .start_i(starts && state_q == Start), .stage_i(starts && state_q == Stage), .finish_i(starts && state_q == Finish),
    .first_i(step_q == 11'd0), .closes_i(closes_q), .bank_i(state_q == Finish ? bank_q : !bank_q), .busy_o(sampler_busy),
    .words_o(sampler_words), .word_i(word), .field_we_i(field_we_q), .field_addr_i(field_addr_q),
    .field_data_i(field_data_q), .field_data_o(field_data_o),
    .phi_addr_i(state_q == Sums ? sums_phi_addr : phi_addr_i), .phi_data_o(phi),
    .show_o(show_o), .show_y_o(show_y_o), .show_h_o(show_h_o), .show_score_o(show_score_o), .show_u_o(show_u_o),
    .show_phi_o(show_phi_o)
  );
  assign phi_data_o = phi;

  // Sums of a configuration, and their memory.
  wire signed [31:0] sum_phi;
  wire [47:0] sum_phi2;
  wire [63:0] sum_phi4_low;
  wire [7:0] sum_phi4_high;
  wire signed [47:0] sum_bond;
  sq_score_sums #(.MaxLog2(MaxLog2)) sums (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(starts && state_q == Sums), .log2_i(log2_q), .addr_o(sums_phi_addr), .phi_i(phi),
    .done_o(sums_done), .sum_phi_o(sum_phi), .sum_phi2_o(sum_phi2), .sum_phi4_low_o(sum_phi4_low), .sum_phi4_high_o(sum_phi4_high), .sum_bond_o(sum_bond)
  );
  reg [255:0] store_q;
  reg [2:0] store_at_q;
  reg store_run_q;
  always_ff @(posedge clk_i) begin
    if (starts) begin
      store_q <= {{16{sum_bond[47]}}, sum_bond, 24'd0, sum_phi4_high, sum_phi4_low, 16'd0, sum_phi2, sum_phi};
    end
    else store_q <= {32'd0, store_q[255:32]};
    store_run_q <= !rst_i && state_q == Store && (starts || (store_run_q && store_at_q != 3'd7));
    store_at_q <= starts ? 3'd0 : store_at_q + 1'b1;
  end
  assign store_done = state_q == Store && store_run_q && store_at_q == 3'd7;
  wire [5:0] store_place = drawing_q ? drawn_q[5:0] : 6'd0;
  sq_prim_ram #(.Width(32), .AddrW(9)) ram_sums (
    .clk_i(clk_i), .we_i(store_run_q), .waddr_i({store_place, store_at_q}), .wdata_i(store_q[31:0]), .raddr_i(sums_addr_i),
    .rdata_o(sums_data_o)
  );
endmodule
